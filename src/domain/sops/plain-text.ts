import { bytesOf } from './bytes.ts'
import { plainFloat, shortFloat } from './float-text.ts'
import { withoutFraction } from './time.ts'
import type { Value } from './tree.ts'

/** A value as dotenv and INI show it, where every value is a text; null for a list or a mapping. */
export function plainText(value: Value): Uint8Array | null {
  switch (value.kind) {
    case 'text':
      return value.bytes
    case 'null':
      // as Go prints its nil
      return bytesOf('<nil>')
    case 'integer':
      return bytesOf(String(value.value))
    case 'float':
      return bytesOf(floatText(value.value))
    case 'boolean':
      return bytesOf(String(value.value))
    case 'time':
      return bytesOf(withoutFraction(value.text))
    case 'list':
    case 'map':
      return null
  }
}

/** Never to be taken for an integer. */
function floatText(value: number): string {
  const text = shortFloat(value)
  if (!Number.isFinite(value)) return text
  return /[.e]/.test(text) ? text.toUpperCase() : `${plainFloat(value)}.0`
}
