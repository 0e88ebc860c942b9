import type { Place } from '../error.ts'
import { trim, trimStart } from './blank.ts'
import { bytesOfOctets, octetsOf } from './bytes.ts'
import { refusal } from './refusal.ts'
import type { Comment, Entry, SopsTree } from './tree.ts'

/** What stands before the first section belongs to this one. */
export const defaultSection = 'DEFAULT'

/**
 * Reads INI in the dialect that sops writes: unquoted values end at `;` or `#`, sections of one name stay apart, of a
 * key that stands twice in a section the last value counts. Throws `bad-metadata`.
 */
export function readIni(content: Uint8Array, place: Place): SopsTree {
  const reader = new IniReader(octetsOf(content).replace(byteOrderMark, ''), place)
  const entries = reader.readSections().map((section) => toEntry(section))
  return { documents: [{ kind: 'map', entries }] }
}

const byteOrderMark = /^(?:\xEF\xBB\xBF|\xFE\xFF|\xFF\xFE)/

interface Section {
  readonly name: string
  readonly line: number
  readonly comment: string
  readonly keys: Map<string, Key>
}

interface Key {
  readonly value: string
  readonly comment: string
  readonly line: number
}

function toEntry({ name, line, comment, keys }: Section): Entry {
  const entries: (Entry | Comment)[] = commentOf(comment)
  for (const [key, { value, comment: about, line: at }] of keys) {
    const bytes = bytesOfOctets(value)
    entries.push({
      kind: 'entry',
      key: bytesOfOctets(key),
      value: { kind: 'text', bytes },
      line: at,
    })
    entries.push(...commentOf(about))
  }
  return { kind: 'entry', key: bytesOfOctets(name), value: { kind: 'map', entries }, line }
}

function commentOf(comment: string): Comment[] {
  if (comment === '') return []
  const text = /^[;#]/.test(comment) ? withoutMarks(comment, comment.slice(0, 1)) : comment
  return [{ kind: 'comment', text: bytesOfOctets(text), stands: 'alone' }]
}

function withoutMarks(comment: string, mark: string): string {
  let start = 0
  while (comment[start] === mark || comment[start] === ' ') start += 1
  return comment.slice(start)
}

class IniReader {
  readonly #lines: readonly string[]
  readonly #place: Place
  #next = 0
  #comment = ''
  #counter = 1

  constructor(octets: string, place: Place) {
    // every line with its break
    this.#lines = octets.split(/(?<=\n)/)
    this.#place = place
  }

  readSections(): readonly Section[] {
    let section: Section = { name: defaultSection, line: 1, comment: '', keys: new Map() }
    const sections = [section]
    for (let raw = this.#readLine(); raw !== null; raw = this.#readLine()) {
      const line = trimStart(raw)
      if (line === '') continue
      if (/^[#;]/.test(line)) {
        this.#comment += line
      } else if (line.startsWith('[')) {
        section = this.#readSection(line)
        sections.push(section)
      } else {
        this.#readKey(line, section)
      }
    }
    return sections
  }

  #readLine(): string | null {
    const line = this.#lines[this.#next]
    this.#next += 1
    return line ?? null
  }

  #readSection(line: string): Section {
    const end = line.lastIndexOf(']')
    if (end === -1) throw this.#error('a section is not closed')
    const name = line.slice(1, end)
    if (name === '') throw this.#error('a section has no name')
    this.#note(commentIn(line.slice(end + 1)))
    this.#counter = 1
    return { name, line: this.#next, comment: this.#takeComment(), keys: new Map() }
  }

  #readKey(line: string, section: Section): void {
    const at = this.#next
    const { name, rest } = this.#readName(line)
    let key = name
    if (name === '-') {
      key = `#${this.#counter}`
      this.#counter += 1
    }
    const value = this.#readValue(rest)
    if (key === '') throw this.#error('a key has no name')
    // a Map keeps the place where a key stood first, as sops does
    section.keys.set(key, { value, comment: this.#takeComment(), line: at })
  }

  #readName(line: string): { readonly name: string; readonly rest: string } {
    const quote = quoteOfName(line)
    if (quote === '') {
      const end = line.search(/[=:]/)
      if (end === -1) throw this.#error('a line has no "="')
      if (end === 0) throw this.#error('a key has no name')
      return { name: trim(line.slice(0, end)), rest: line.slice(end + 1) }
    }
    const end = line.indexOf(quote, quote.length)
    if (end === -1) throw this.#error('the quotes of a key are not closed')
    const behind = line.slice(end + quote.length)
    const delimiter = behind.search(/[=:]/)
    if (delimiter === -1) throw this.#error('a line has no "="')
    return { name: trim(line.slice(quote.length, end)), rest: behind.slice(delimiter + 1) }
  }

  #readValue(rest: string): string {
    const line = trimStart(rest)
    if (line === '') return ''
    const quote = quoteOfValue(line)
    if (quote !== '') {
      const end = line.slice(quote.length).lastIndexOf(quote)
      if (end !== -1) return line.slice(quote.length, quote.length + end)
      return this.#readQuotedLines(line.slice(quote.length), quote)
    }
    const value = trim(line)
    if (value.endsWith('\\')) return this.#readContinued(value.slice(0, -1))
    return withoutQuotes(this.#cutComment(value))
  }

  #readQuotedLines(first: string, quote: string): string {
    const parts = [first]
    for (let line = this.#readLine(); line !== null; line = this.#readLine()) {
      const end = line.lastIndexOf(quote)
      if (end !== -1) {
        this.#note(trim(commentIn(line.slice(end))))
        return [...parts, line.slice(0, end)].join('')
      }
      parts.push(line)
    }
    throw this.#error('the quotes of a value are not closed')
  }

  #readContinued(first: string): string {
    const parts = [first]
    for (let line = this.#readLine(); line !== null; line = this.#readLine()) {
      const next = trim(line)
      if (!next.endsWith('\\')) return [...parts, next].join('')
      parts.push(next.slice(0, -1))
    }
    return parts.join('')
  }

  #cutComment(value: string): string {
    const start = value.search(/[#;]/)
    if (start === -1) return value
    this.#note(value.slice(start))
    return trim(value.slice(0, start))
  }

  #note(comment: string): void {
    this.#comment += comment
  }

  #takeComment(): string {
    const comment = trim(this.#comment)
    this.#comment = ''
    return comment
  }

  #error(reason: string): Error {
    const place = { file: this.#place.file, line: Math.min(this.#next, this.#lines.length) }
    return refusal('bad-metadata', `Cannot read INI: ${reason}`, place)
  }
}

function commentIn(text: string): string {
  const start = text.search(/[#;]/)
  return start === -1 ? '' : text.slice(start)
}

function quoteOfName(line: string): string {
  if (line.startsWith('"')) return line.length > 6 && line.startsWith('"""') ? '"""' : '"'
  return line.startsWith('`') ? '`' : ''
}

function quoteOfValue(line: string): string {
  if (line.length > 3 && line.startsWith('"""')) return '"""'
  return line.startsWith('`') ? '`' : ''
}

/** Quotes around the whole value, with none inside. */
function withoutQuotes(value: string): string {
  for (const quote of ["'", '"']) {
    if (value.length < 2 || !value.startsWith(quote)) continue
    if (value.indexOf(quote, 1) === value.length - 1) return value.slice(1, -1)
  }
  return value
}
