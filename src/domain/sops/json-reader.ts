import type { Place } from '../error.ts'
import { bytesOf, textOf } from './bytes.ts'
import { refusal } from './refusal.ts'
import { fitsInteger } from './scalar-form.ts'
import type { Entry, MapValue, Scalar, SopsTree, Value } from './tree.ts'

/**
 * Reads JSON with what `JSON.parse` loses: the order of keys, keys that stand twice, and integers of 64 bits. Throws
 * `bad-metadata` for what is no JSON, or no object.
 */
export function readJson(content: Uint8Array, place: Place): SopsTree {
  const reader = new JsonReader(textOf(content), place)
  return { documents: [reader.readDocument()] }
}

/** Whatever recurses over a file may go so deep. */
export const maxDepth = 500

const blank = /[ \t\r\n]*/y
// oxlint-disable-next-line no-control-regex -- JSON has none in a string
const unescaped = /[^"\\\u0000-\u001F]*/y
const escape = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?/y
const word = /true|false|null/y

class JsonReader {
  readonly #text: string
  readonly #place: Place
  #offset = 0
  #counted = 0
  #line = 1

  constructor(text: string, place: Place) {
    this.#text = text
    this.#place = place
  }

  readDocument(): MapValue {
    this.#take(blank)
    if (this.#text[this.#offset] !== '{') throw this.#error('it is no object')
    const document = this.#readObject(1)
    this.#take(blank)
    if (this.#offset < this.#text.length) throw this.#error('something follows the object')
    return document
  }

  #readObject(depth: number): MapValue {
    const entries: Entry[] = []
    this.#readItems('{', '}', depth, () => {
      const { line } = this.#here()
      const key = this.#readString()
      this.#take(blank)
      this.#expect(':')
      entries.push({ kind: 'entry', key, value: this.#readValue(depth), line })
    })
    return { kind: 'map', entries }
  }

  #readArray(depth: number): Value {
    const items: Value[] = []
    this.#readItems('[', ']', depth, () => items.push(this.#readValue(depth)))
    return { kind: 'list', items }
  }

  #readItems(open: string, close: string, depth: number, readItem: () => void): void {
    if (depth > maxDepth) throw this.#error(`it nests deeper than ${maxDepth} levels`)
    this.#expect(open)
    this.#take(blank)
    if (this.#text[this.#offset] === close) {
      this.#offset += 1
      return
    }
    for (;;) {
      this.#take(blank)
      readItem()
      this.#take(blank)
      if (this.#text[this.#offset] !== ',') break
      this.#offset += 1
    }
    this.#expect(close)
  }

  #readValue(depth: number): Value {
    this.#take(blank)
    switch (this.#text[this.#offset]) {
      case '{':
        return this.#readObject(depth + 1)
      case '[':
        return this.#readArray(depth + 1)
      case '"':
        return { kind: 'text', bytes: this.#readString() }
      default:
        return this.#readWord() ?? this.#readNumber()
    }
  }

  #readString(): Uint8Array {
    const start = this.#offset
    this.#expect('"')
    this.#take(unescaped)
    while (this.#text[this.#offset] === '\\') {
      if (this.#take(escape) === '') throw this.#error('it has an escape that does not exist')
      this.#take(unescaped)
    }
    this.#expect('"')
    const parsed: unknown = JSON.parse(this.#text.slice(start, this.#offset))
    return bytesOf(String(parsed))
  }

  #readWord(): Scalar | null {
    const found = this.#take(word)
    if (found === '') return null
    return found === 'null' ? { kind: 'null' } : { kind: 'boolean', value: found === 'true' }
  }

  #readNumber(): Scalar {
    const digits = this.#take(number)
    if (digits === '') throw this.#error('a value is missing')
    if (/^-?\d{1,19}$/.test(digits)) {
      const value = BigInt(digits)
      if (fitsInteger(value)) return { kind: 'integer', value }
    }
    const value = Number(digits)
    if (!Number.isFinite(value)) throw this.#error('a number is too large')
    return { kind: 'float', value }
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#offset
    const found = pattern.exec(this.#text)?.[0] ?? ''
    this.#offset += found.length
    return found
  }

  #expect(mark: string): void {
    if (this.#text[this.#offset] !== mark) throw this.#error(`"${mark}" is missing`)
    this.#offset += mark.length
  }

  #error(reason: string): Error {
    return refusal('bad-metadata', `Cannot read JSON: ${reason}`, {
      file: this.#place.file,
      ...this.#here(),
    })
  }

  /** Counts on from where it counted last, so that lines cost one pass. */
  #here(): { readonly line: number } {
    for (;;) {
      const next = this.#text.indexOf('\n', this.#counted)
      if (next === -1 || next >= this.#offset) return { line: this.#line }
      this.#counted = next + 1
      this.#line += 1
    }
  }
}
