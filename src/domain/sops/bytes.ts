import { Buffer } from 'node:buffer'

/** A text's UTF-8. */
export function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, 'utf8')
}

/** Bytes as text; what is no UTF-8 becomes U+FFFD, so this is for reading and not for hashing. */
export function textOf(bytes: Uint8Array): string {
  return view(bytes).toString('utf8')
}

/** One character a byte: what readers of lines and marks work on, so that no byte is lost. */
export function octetsOf(bytes: Uint8Array): string {
  return view(bytes).toString('latin1')
}

export function bytesOfOctets(octets: string): Uint8Array {
  return Buffer.from(octets, 'latin1')
}

function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
