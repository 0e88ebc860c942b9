// The bytes that JSON's texts are built of: https://www.rfc-editor.org/rfc/rfc8259#section-2

export const quote = 0x22
export const comma = 0x2c
export const listBegin = 0x5b
export const listEnd = 0x5d
export const openings: ReadonlySet<number> = new Set([listBegin, 0x7b])
export const closings: ReadonlySet<number> = new Set([listEnd, 0x7d])
export const blanks: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d])

const backslash = 0x5c

/** Where the blanks end that stand there. */
export function blanksEnd(bytes: Buffer, from: number): number {
  let at = from
  while (blanks.has(bytes[at] ?? 0)) at += 1
  return at
}

/** Where the quote stands that ends a string; the end of the bytes where it has not come. `open` goes on with the next piece. */
export function stringEnd(open: { isEscaped: boolean }, bytes: Buffer, from: number): number {
  for (let at = from; at < bytes.length; at += 1) {
    const byte = bytes[at]
    if (open.isEscaped) open.isEscaped = false
    else if (byte === backslash) open.isEscaped = true
    else if (byte === quote) return at
  }
  return bytes.length
}
