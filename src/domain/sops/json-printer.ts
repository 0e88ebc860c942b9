import { bytesOf, textOf } from './bytes.ts'
import { isUtf8 } from 'node:buffer'
import type { MapValue, SopsTree, Value } from './tree.ts'

/** Prints one object after another, indented by tabs as sops does; null where JSON has no such number. */
export function printJson(tree: SopsTree): Uint8Array | null {
  const printed: string[] = []
  for (const document of tree.documents) {
    if (!isFinite(document)) return null
    printed.push(`${print(document, '')}\n`)
  }
  return bytesOf(printed.join(''))
}

function isFinite(value: Value): boolean {
  if (value.kind === 'float') return Number.isFinite(value.value)
  if (value.kind === 'list')
    return value.items.every((item) => item.kind === 'comment' || isFinite(item))
  if (value.kind !== 'map') return true
  return value.entries.every((entry) => entry.kind === 'comment' || isFinite(entry.value))
}

function print(value: Value, indent: string): string {
  switch (value.kind) {
    case 'map':
      return printMap(value, indent)
    case 'list': {
      const items = value.items.flatMap((item) =>
        item.kind === 'comment' ? [] : [print(item, `${indent}\t`)],
      )
      return printItems('[', items, ']', indent)
    }
    case 'null':
      return 'null'
    case 'text':
      return quote(value.bytes)
    case 'float':
      return Object.is(value.value, -0) ? '-0' : String(value.value)
    case 'integer':
    case 'boolean':
      return String(value.value)
    case 'time':
      return `"${value.text}"`
  }
}

function printMap({ entries }: MapValue, indent: string): string {
  const items = entries.flatMap((entry) =>
    entry.kind === 'comment' ? [] : [`${quote(entry.key)}: ${print(entry.value, `${indent}\t`)}`],
  )
  return printItems('{', items, '}', indent)
}

function printItems(open: string, items: readonly string[], close: string, indent: string): string {
  if (items.length === 0) return `${open}${close}`
  return `${open}\n${items.map((item) => `${indent}\t${item}`).join(',\n')}\n${indent}${close}`
}

/** With the escapes of Go's encoder, which keep a text harmless in HTML and JavaScript. */
function quote(bytes: Uint8Array): string {
  const escaped = JSON.stringify(textOf(bytes)).replaceAll(
    /[<>&\u2028\u2029]/g,
    (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  // what is no UTF-8 is escaped, a U+FFFD that was there is not
  return isUtf8(bytes) ? escaped : escaped.replaceAll('\uFFFD', String.raw`\ufffd`)
}
