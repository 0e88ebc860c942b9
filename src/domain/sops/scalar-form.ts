import { textOf } from './bytes.ts'
import { plainFloat } from './float-text.ts'
import type { Scalar } from './tree.ts'

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

const largest = 2n ** 63n - 1n

export function fitsInteger(value: bigint): boolean {
  return value >= -largest - 1n && value <= largest
}

/** The spellings that Go's ParseBool takes. */
export function parseBoolean(text: string): Scalar | null {
  if (/^(?:1|t|T|TRUE|true|True)$/.test(text)) return { kind: 'boolean', value: true }
  if (/^(?:0|f|F|FALSE|false|False)$/.test(text)) return { kind: 'boolean', value: false }
  return null
}
