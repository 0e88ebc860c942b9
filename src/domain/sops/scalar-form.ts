import { bytesOf, textOf } from './bytes.ts'
import { plainFloat } from './float-text.ts'
import { canonicalTime } from './time.ts'
import type { Scalar } from './tree.ts'

/** What the MAC takes of a value; nothing of a null. */
export function canonicalBytes(value: Scalar): Uint8Array {
  if (value.kind === 'text') return value.bytes
  return bytesOf(canonicalText(value))
}

/** A value as text, in the spelling that is encrypted and hashed. */
export function canonicalText(value: Scalar): string {
  switch (value.kind) {
    case 'null':
      return ''
    case 'text':
      return textOf(value.bytes)
    case 'integer':
      return String(value.value)
    case 'float':
      return plainFloat(value.value)
    case 'boolean':
      return value.value ? 'True' : 'False'
    case 'time':
      return value.text
  }
}

/** A plaintext as the value that its type says; null where it is none of that type, or no such type exists. */
export function parsePlaintext(
  type: string,
  plaintext: Uint8Array,
): Scalar | { readonly kind: 'comment'; readonly text: Uint8Array } | null {
  switch (type) {
    case 'str':
    case 'bytes':
      return { kind: 'text', bytes: plaintext }
    case 'comment':
      return { kind: 'comment', text: plaintext }
    case 'int':
      return parseInteger(textOf(plaintext))
    case 'float':
      return parseFloatText(textOf(plaintext))
    case 'bool':
      return parseBoolean(textOf(plaintext))
    case 'time': {
      const text = canonicalTime(textOf(plaintext))
      return text === null ? null : { kind: 'time', text }
    }
    default:
      return null
  }
}

const largest = 2n ** 63n - 1n

function parseInteger(text: string): Scalar | null {
  // A bound on the digits, since making a number of them takes more than linear time.
  if (!/^[-+]?0*\d{1,19}$/.test(text)) return null
  const value = BigInt(text.replace(/^\+/, ''))
  return fitsInteger(value) ? { kind: 'integer', value } : null
}

export function fitsInteger(value: bigint): boolean {
  return value >= -largest - 1n && value <= largest
}

/** Decimal, as every writer of SOPS spells floats. */
function parseFloatText(text: string): Scalar | null {
  const special = /^([-+]?)(inf|infinity|nan)$/i.exec(text)
  if (special !== null) {
    const [, sign, name] = special
    if (name?.toLowerCase() === 'nan') return sign === '' ? { kind: 'float', value: NaN } : null
    return { kind: 'float', value: sign === '-' ? -Infinity : Infinity }
  }
  if (!/^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?$/i.test(text)) return null
  const value = Number(text)
  return Number.isFinite(value) ? { kind: 'float', value } : null
}

/** The spellings that Go's ParseBool takes. */
export function parseBoolean(text: string): Scalar | null {
  if (/^(?:1|t|T|TRUE|true|True)$/.test(text)) return { kind: 'boolean', value: true }
  if (/^(?:0|f|F|FALSE|false|False)$/.test(text)) return { kind: 'boolean', value: false }
  return null
}
