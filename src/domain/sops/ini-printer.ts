import { trim } from './blank.ts'
import { bytesOfOctets, octetsOf } from './bytes.ts'
import { defaultSection } from './ini-reader.ts'
import { plainText } from './plain-text.ts'
import type { Comment, Entry, SopsTree } from './tree.ts'

/** Prints sections as sops does, their `=` aligned; null where a value is no section of plain values. */
export function printIni(tree: SopsTree): Uint8Array | null {
  const sections: Section[] = []
  for (const entry of tree.documents.flatMap(({ entries }) => entries)) {
    if (entry.kind === 'comment') continue
    const section = readSection(entry)
    if (section === null) return null
    sections.push(section)
  }
  const lines: string[] = []
  for (const [index, section] of sections.entries()) {
    lines.push(...sectionLines(section, index === 0))
    const isLast = index === sections.length - 1
    if (!isLast && !isUnseen(section, index)) lines.push('')
  }
  return bytesOfOctets(lines.map((line) => `${line}\n`).join(''))
}

interface Section {
  readonly name: string
  readonly comment: string
  readonly keys: ReadonlyMap<string, { value: string; comment: string }>
}

/** A comment first in its section is the section's; any other is that of the key before it. */
function readSection({ key, value }: Entry): Section | null {
  if (value.kind !== 'map') return null
  const [first, ...others] = value.entries
  const comment = first?.kind === 'comment' ? octetsOf(first.text) : ''
  const keys = readKeys(first?.kind === 'entry' ? [first, ...others] : others)
  return keys === null ? null : { name: octetsOf(key), comment, keys }
}

function readKeys(entries: readonly (Entry | Comment)[]): Section['keys'] | null {
  const keys = new Map<string, { value: string; comment: string }>()
  let last: { value: string; comment: string } | undefined
  for (const entry of entries) {
    if (entry.kind === 'comment') {
      if (last !== undefined) last.comment = octetsOf(entry.text)
      continue
    }
    const text = plainText(entry.value)
    if (text === null) return null
    last = { value: octetsOf(text), comment: '' }
    keys.set(octetsOf(entry.key), last)
  }
  return keys
}

function isDefault({ name }: Section): boolean {
  return name.toUpperCase() === defaultSection
}

function isUnseen(section: Section, index: number): boolean {
  return index === 0 && isDefault(section) && section.keys.size === 0
}

function sectionLines(section: Section, isFirst: boolean): string[] {
  const lines = commentLines(section.comment)
  if (!isFirst || !isDefault(section)) lines.push(`[${section.name}]`)
  const names = [...section.keys.keys()].map((name) => quoteName(name))
  const width = names.reduce((longest, { length }) => Math.max(longest, length), 0)
  for (const [name, { value, comment }] of section.keys) {
    lines.push(...commentLines(comment))
    lines.push(`${quoteName(name).padEnd(width)} = ${quoteValue(value)}`)
  }
  return lines
}

function commentLines(comment: string): string[] {
  if (comment === '') return []
  return comment.split('\n').map((line) => {
    const mark = /^[#;]/.exec(line)?.[0]
    return mark === undefined ? `; ${trim(line)}` : `${mark} ${trim(line.slice(1))}`
  })
}

function quoteName(name: string): string {
  if (/["=:]/.test(name)) return `\`${name}\``
  return name.includes('`') ? `"""${name}"""` : name
}

function quoteValue(value: string): string {
  if (/[\n`]/.test(value)) return `"""${value}"""`
  if (/[#;]/.test(value)) return `\`${value}\``
  return trim(value) === value ? value : `"${value}"`
}
