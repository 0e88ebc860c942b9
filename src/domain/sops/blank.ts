/** What Go's TrimSpace takes, as UTF-8 octets: https://pkg.go.dev/unicode#IsSpace */
const blankAtStart =
  /^(?:[\t\n\v\f\r ]|\xC2[\x85\xA0]|\xE1\x9A\x80|\xE2\x80[\x80-\x8A\xA8\xA9\xAF]|\xE2\x81\x9F|\xE3\x80\x80)/
const blankAtEnd =
  /(?:[\t\n\v\f\r ]|\xC2[\x85\xA0]|\xE1\x9A\x80|\xE2\x80[\x80-\x8A\xA8\xA9\xAF]|\xE2\x81\x9F|\xE3\x80\x80)$/

/** Octets without blanks at their start. */
export function trimStart(octets: string): string {
  let start = 0
  for (;;) {
    const found = blankAtStart.exec(octets.slice(start, start + 3))
    if (found === null) return octets.slice(start)
    start += found[0].length
  }
}

/** Octets without blanks at both ends. */
export function trim(octets: string): string {
  const rest = trimStart(octets)
  let end = rest.length
  for (;;) {
    const found = blankAtEnd.exec(rest.slice(Math.max(0, end - 3), end))
    if (found === null) return rest.slice(0, end)
    end -= found[0].length
  }
}
