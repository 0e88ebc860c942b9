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
    if (simple) lines.push(`${margin}${key}:${start}`, ...below)
    else
      lines.push(`${margin}? ${first}`, ...rest, ...explicitValue([start ?? '', ...below], margin))
    beside = []
  }
  for (const comment of beside) lines.push(...commentLines(comment, margin))
  if (!entries.some(({ kind }) => kind === 'entry') && entries.length > 0) lines.push(`${margin}{}`)
  return lines
}

/** Behind an explicit key a block begins on the line of its colon. */
function explicitValue([start = '', first, ...rest]: readonly string[], margin: string): string[] {
  if (start !== '' || first === undefined) {
    return [`${margin}:${start}`, ...(first === undefined ? [] : [first]), ...rest]
  }
  const isComment = first.trimStart().startsWith('#')
  if (isComment) return [`${margin}:`, first, ...rest]
  return [`${margin}:${first.slice(margin.length + 1)}`, ...rest]
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
  const margin = ' '.repeat(indent)
  const [comments, value] = leadingComments(item)
  const above = comments.flatMap((comment) => commentLines(comment, margin))
  const block = blockOf(value, indent + 2)
  if (block === null) {
    const [first, ...rest] = inline(value, indent + 2, 2, beside)
    return [...above, `${margin}-${first}`, ...rest]
  }
  const [first = '', ...rest] = block
  return [...above, `${margin}- ${first.slice(indent + 2)}`, ...rest]
}

/** Comments that would stand between a dash and its value go above the dash. */
function leadingComments(item: Value): readonly [readonly Comment[], Value] {
  const parts = item.kind === 'map' ? item.entries : item.kind === 'list' ? item.items : []
  const found = parts.findIndex(({ kind }) => kind !== 'comment')
  const end = found === -1 ? parts.length : found
  const comments = parts.slice(0, end).filter((part) => part.kind === 'comment')
  const [nested, rest] = withoutFirst(item, end)
  return [[...comments, ...nested], rest]
}

function withoutFirst(item: Value, count: number): readonly [readonly Comment[], Value] {
  if (item.kind === 'map') return [[], { ...item, entries: item.entries.slice(count) }]
  if (item.kind !== 'list') return [[], item]
  const [first, ...others] = item.items.slice(count)
  if (first === undefined || first.kind === 'comment') return [[], { ...item, items: [] }]
  // the first item's own dash stands behind this one
  const [comments, value] = leadingComments(first)
  return [comments, { ...item, items: [value, ...others] }]
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
