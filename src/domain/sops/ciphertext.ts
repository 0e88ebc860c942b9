import { createDecipheriv, type KeyObject } from 'node:crypto'
import { parseBase64 } from './base64.ts'

/** A ciphertext's parts: https://github.com/getsops/sops#encryption-protocol */
export interface Ciphertext {
  readonly data: Uint8Array
  readonly iv: Uint8Array
  readonly tag: Uint8Array
  readonly type: string
}

export const ciphertextMark = 'ENC['

const ciphertext =
  /^ENC\[AES256_GCM,data:([A-Za-z0-9+/=]+),iv:([A-Za-z0-9+/=]+),tag:([A-Za-z0-9+/=]+),type:([a-z]+)\]$/

const tagLength = 16
/** sops writes 32 bytes, GCM's own length is 12, and nobody writes more. */
const maxIvLength = 64

/** Null for anything but exactly one well-formed ciphertext. */
export function parseCiphertext(text: string): Ciphertext | null {
  const [, data64 = '', iv64 = '', tag64 = '', type = ''] = ciphertext.exec(text) ?? []
  const data = parseBase64(data64)
  const iv = parseBase64(iv64)
  const tag = parseBase64(tag64)
  if (data === null || iv === null || tag === null || data.length === 0) return null
  // A shorter tag would be accepted too, and forged: https://csrc.nist.gov/pubs/sp/800/38/d/final appendix C
  if (tag.length !== tagLength || iv.length === 0 || iv.length > maxIvLength) return null
  return { data, iv, tag, type }
}

/** The plaintext, null where the ciphertext does not authenticate under this key and additional data. */
export function openCiphertext(
  { data, iv, tag }: Ciphertext,
  dataKey: KeyObject,
  additionalData: Uint8Array,
): Uint8Array | null {
  const decipher = createDecipheriv('aes-256-gcm', dataKey, iv, { authTagLength: tagLength })
  decipher.setAAD(additionalData)
  decipher.setAuthTag(tag)
  const plaintext = decipher.update(data)
  try {
    // GCM is a stream: the end has no bytes, only the verdict.
    decipher.final()
    return plaintext
  } catch {
    return null
  }
}
