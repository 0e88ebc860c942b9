import { Buffer } from 'node:buffer'

/** Strict, as `Buffer` is not: null for characters, lengths and padding that base64 does not have. */
export function parseBase64(text: string): Uint8Array | null {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return null
  return Buffer.from(text, 'base64')
}
