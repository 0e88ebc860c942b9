import { bytesOf, textOf } from './bytes.ts'
import type { Comment, ListValue, MapValue, SopsTree, Value } from './tree.ts'
import { printKey, printScalar } from './yaml-text.ts'

/** Prints all documents in sops's own style: four columns a level, comments above what they speak of. */
export function printYaml({ documents }: SopsTree): Uint8Array {
  const printed = documents.map((document) => {
    const lines = printMap(document, 0)
    const text = lines.map((line) => `${line}\n`).join('')
    return text === '' ? '{}\n' : text
  })
  return bytesOf(printed.join('---\n'))
}

/** Where a block's own lines begin, inside one that begins at `indent`. */
function deeper(indent: number): number {
  return 4 * (Math.floor(indent / 4) + 1)
}

function printMap({ entries }: MapValue, indent: number): string[] {
  const lines: string[] = []
  const margin = ' '.repeat(indent)
  let beside: Comment[] = []
  for (const entry of entries) {
    if (entry.kind === 'comment') {
      if (entry.stands === 'beside') beside.push(entry)
      else lines.push(...commentLines(entry, margin))
      continue
    }
    const { text: key, simple } = printKey(entry.key, deeper(indent))
    const [first = '', ...rest] = key.split('\n')
    const [start, ...below] = printValue(entry.value, indent, beside)
    if (simple) {
      lines.push(`${margin}${key}:${start}`, ...below)
    } else {
      lines.push(`${margin}? ${first}`, ...rest, `${margin}:${start}`, ...below)
    }
    beside = []
  }
  for (const comment of beside) lines.push(...commentLines(comment, margin))
  if (!entries.some(({ kind }) => kind === 'entry') && entries.length > 0) lines.push(`${margin}{}`)
  return lines
}

function printList({ items }: ListValue, indent: number): string[] {
  const lines: string[] = []
  const margin = ' '.repeat(indent)
  let beside: Comment[] = []
  for (const item of items) {
    if (item.kind === 'comment') {
      if (item.stands === 'beside') beside.push(item)
      else lines.push(...commentLines(item, margin))
      continue
    }
    lines.push(...printItem(item, indent, beside))
    beside = []
  }
  for (const comment of beside) lines.push(...commentLines(comment, margin))
  return lines
}

function printItem(item: Value, indent: number, beside: readonly Comment[]): string[] {
  const dash = `${' '.repeat(indent)}-`
  const block = blockOf(item, indent + 2)
  if (block === null) {
    const [first, ...rest] = inline(item, indent + 2, 2, beside)
    return [`${dash}${first}`, ...rest]
  }
  const [first = '', ...rest] = block
  // a block's first line stands behind the dash; a comment there would be taken for the dash's own
  if (first.trimStart().startsWith('#')) return [dash, ...block]
  return [`${dash} ${first.slice(indent + 2)}`, ...rest]
}

/** What stands behind a key's colon, and the lines below. */
function printValue(value: Value, indent: number, beside: readonly Comment[]): string[] {
  const block = blockOf(value, deeper(indent))
  if (block === null) return inline(value, deeper(indent), deeper(indent) - indent, beside)
  return ['', ...block]
}

function blockOf(value: Value, indent: number): string[] | null {
  if (value.kind === 'map' && value.entries.length > 0) return printMap(value, indent)
  if (value.kind !== 'list' || value.items.length === 0) return null
  const hasItems = value.items.some(({ kind }) => kind !== 'comment')
  return [...printList(value, indent), ...(hasItems ? [] : [`${' '.repeat(indent)}[]`])]
}

function inline(value: Value, indent: number, hint: number, beside: readonly Comment[]): string[] {
  const [first = '', ...rest] = scalarLines(value, indent, hint)
  const about = beside.map(({ text }) => ` #${textOf(text).replaceAll('\n', ' ')}`).join('')
  return [` ${first}${about}`, ...rest]
}

function scalarLines(value: Value, indent: number, hint: number): string[] {
  if (value.kind === 'map') return ['{}']
  if (value.kind === 'list') return ['[]']
  return printScalar(value, indent, hint).split('\n')
}

function commentLines({ text }: Comment, margin: string): string[] {
  return `#${textOf(text)}`
    .split('\n')
    .map((line) => (line.startsWith('#') ? `${margin}${line}` : `${margin}# ${line}`))
}
