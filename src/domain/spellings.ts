/**
 * Every spelling in which a program may repeat a value, itself first: as a string of JSON, of Go or of a shell's `%q`,
 * also quoted twice where an error is told within another; percent-encoded; in base64, also amid other bytes.
 */
export function spellingsOf(value: string): readonly string[] {
  const quoted = [quote(value), escapeHtml(quote(value)), quoteAscii(value), quoteBytes(value)]
  const percent = encodeURIComponent(value.toWellFormed())
  const strict = percent.replaceAll(/[!'()*]/g, (one) => `%${hex(one.charCodeAt(0))}`)
  const all = [
    value,
    ...quoted,
    ...quoted.map((one) => quote(one)),
    ...[percent, strict].flatMap((one) => [one, one.replaceAll('%20', '+')]),
    ...base64Of(new TextEncoder().encode(value)),
  ]
  return [...new Set(all)]
}

/** https://www.rfc-editor.org/rfc/rfc8259#section-7 */
function quote(text: string): string {
  return JSON.stringify(text).slice(1, -1)
}

/** Go's JSON escapes these unless it is told not to: https://pkg.go.dev/encoding/json#HTMLEscape */
function escapeHtml(text: string): string {
  return text.replaceAll(/[<>&\u2028\u2029]/g, (one) => unicodeEscape(one))
}

/** As Python's and PHP's JSON, and Go's `%+q`, have it. */
function quoteAscii(text: string): string {
  return quote(text).replaceAll(/[\u0080-\uffff]/g, (one) => unicodeEscape(one))
}

/** As Go's `time` quotes what it cannot read, byte by byte: https://pkg.go.dev/time#ParseError */
function quoteBytes(text: string): string {
  return text.replaceAll(/["\\]|[^ -~]+/gu, (some) =>
    some === '"' || some === '\\'
      ? `\\${some}`
      : [...new TextEncoder().encode(some)].map((byte) => `\\x${hex(byte).toLowerCase()}`).join(''),
  )
}

function unicodeEscape(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0').toUpperCase()
}

/** Fewer characters of base64 stand in too many other words. */
const SHORTEST_PART = 8

/** In both alphabets; of a text amid others only what those do not change, wherever it begins in a group of three. */
function base64Of(bytes: Uint8Array): readonly string[] {
  const parts = [0, 1, 2].map((offset) => {
    const shifted = Buffer.alloc(offset + bytes.length)
    shifted.set(bytes, offset)
    const [from, to] = [Math.ceil((8 * offset) / 6), Math.floor((8 * shifted.length) / 6)]
    return shifted.toString('base64').slice(from, to)
  })
  const whole = Buffer.from(bytes).toString('base64')
  const standard = [whole, ...parts.filter(({ length }) => length >= SHORTEST_PART)]
  const unpadded = whole.replace(/=+$/, '')
  return [...standard, ...[unpadded, ...standard].map(urlSafe)]
}

function urlSafe(base64: string): string {
  return base64.replaceAll('+', '-').replaceAll('/', '_')
}
