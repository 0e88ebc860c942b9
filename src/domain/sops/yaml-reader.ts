import {
  Composer,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  type Document,
  type Node,
  type Scalar as ScalarNode,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml'

import { isUtf8 } from 'node:buffer'
import type { Place } from '../error.ts'
import { octetsOf, textOf } from './bytes.ts'
import { refusal } from './refusal.ts'
import type { Comment, Entry, ListValue, MapValue, SopsTree, Value } from './tree.ts'
import { above, CommentCursor } from './yaml-comments.ts'
import { resolveScalar } from './yaml-scalar.ts'
import { tokenize, type YamlTokens } from './yaml-tokens.ts'

/** Aliases may repeat so many values; a file that sops wrote has none at all. */
const maxRepeated = 100_000

/**
 * Reads YAML with sops's own types, keys and order, every document of it. Aliases are expanded, a merge key stays a key
 * named `<<`, and comments stand where sops encrypts them. Throws `bad-metadata`.
 */
export function readYaml(content: Uint8Array, place: Place): SopsTree {
  if (!isUtf8(content)) throw refusal('bad-metadata', 'Cannot read YAML: it is no UTF-8', place)
  const text = textOf(content).replace(/^\uFEFF/, '')
  const tokens = tokenize(text, place)
  const reader = new YamlReader(text, tokens, place)
  const documents = [...new Composer(composerOptions).compose(tokens.tokens)]
  return {
    documents: documents.map((document, index) =>
      reader.readDocument(document, documents[index + 1]?.range[0] ?? Infinity),
    ),
  }
}

/** Scalars stay as they are written; what they are to sops is found by its own rules. */
const composerOptions = {
  schema: 'failsafe',
  resolveKnownTags: false,
  merge: false,
  uniqueKeys: false,
  keepSourceTokens: true,
  logLevel: 'silent',
} as const

class YamlReader {
  readonly #text: string
  readonly #tokens: YamlTokens
  readonly #place: Place
  readonly #comments: CommentCursor
  readonly #open = new Set<Node>()
  #anchors = new Map<string, Node>()
  #repeating = 0
  #repeated = 0

  constructor(text: string, tokens: YamlTokens, place: Place) {
    this.#text = text
    this.#tokens = tokens
    this.#place = place
    this.#comments = new CommentCursor(tokens.comments)
  }

  readDocument(document: Document.Parsed, end: number): MapValue {
    const [error] = document.errors
    if (error !== undefined) {
      const kind = error.code.toLowerCase().replaceAll('_', ' ')
      throw this.#error(`it does not parse, ${kind}`, error.pos[0])
    }
    this.#anchors = new Map()
    const root = document.contents
    const map = this.#readRoot(root, end)
    return { kind: 'map', entries: [...map.entries, ...above(this.#comments.before(end))] }
  }

  #readRoot(root: Node | null, end: number): MapValue {
    // a document with nothing in it is an empty one
    if (root === null || (isScalar(root) && isNothing(root))) return { kind: 'map', entries: [] }
    if (!isMap(root)) throw this.#error('a document is no mapping', startOf(root))
    this.#remember(root)
    return this.#readMap(root, end)
  }

  #readMap(map: YAMLMap, end: number): MapValue {
    const entries: (Entry | Comment)[] = []
    const seen = new Set<string>()
    for (const [index, { key, value }] of map.items.entries()) {
      if (!isNode(key)) throw this.#error('a key is missing', startOf(map))
      entries.push(...above(this.#comments.before(startOf(key))))
      const bytes = this.#readKey(key)
      const name = octetsOf(bytes)
      if (seen.has(name)) {
        const quoted = JSON.stringify(textOf(bytes))
        throw this.#error(`key ${quoted} stands twice in one mapping`, startOf(key))
      }
      seen.add(name)
      const next = map.items[index + 1]?.key
      const limit = isNode(next) ? startOf(next) : end
      const read = this.#readCommented(isNode(value) ? value : null, limit)
      const line = this.#tokens.lineOf(startOf(key))
      entries.push(...read.comments, { kind: 'entry', key: bytes, value: read.value, line })
    }
    return { kind: 'map', entries: [...entries, ...this.#closing(map, end)] }
  }

  #readList(list: YAMLSeq, end: number): ListValue {
    const items: (Value | Comment)[] = []
    for (const [index, item] of list.items.entries()) {
      if (!isNode(item)) throw this.#error('an item of a list is a pair', startOf(list))
      items.push(...above(this.#comments.before(startOf(item))))
      const next = list.items[index + 1]
      const read = this.#readCommented(item, isNode(next) ? startOf(next) : end)
      items.push(...read.comments, read.value)
    }
    return { kind: 'list', items: [...items, ...this.#closing(list, end)] }
  }

  /** A value, and the comments around it that stand before it in sops's tree. */
  #readCommented(
    node: Node | null,
    end: number,
  ): { readonly value: Value; readonly comments: readonly Comment[] } {
    if (node === null) return { value: { kind: 'null' }, comments: [] }
    if (this.#repeating === 0 && (isMap(node) || isSeq(node))) {
      const comments = above(this.#comments.beside(startOf(node)))
      return { value: this.#readValue(node, end), comments }
    }
    const before = above(this.#comments.before(startOf(node)))
    const beside = this.#comments.beside(Math.min(end, this.#lineEnd(node)))
    return { value: this.#readValue(node, end), comments: [...before, ...beside] }
  }

  #readValue(node: Node, end: number): Value {
    if (isAlias(node)) return this.#readAlias(node.source, startOf(node))
    this.#remember(node)
    if (this.#repeating > 0) this.#repeated += 1
    if (this.#repeated > maxRepeated) {
      throw this.#error(`its aliases repeat more than ${maxRepeated} values`, startOf(node))
    }
    if (isScalar(node)) return this.#readScalar(node)
    this.#open.add(node)
    try {
      return isMap(node) ? this.#readMap(node, end) : this.#readSequence(node, end)
    } finally {
      this.#open.delete(node)
    }
  }

  #readSequence(node: Node, end: number): ListValue {
    if (isSeq(node)) return this.#readList(node, end)
    throw this.#error('a value is of no known kind', startOf(node))
  }

  #readAlias(name: string, offset: number): Value {
    const target = this.#anchors.get(name)
    if (target === undefined) throw this.#error('an alias has no anchor before it', offset)
    if (this.#open.has(target)) throw this.#error('an anchor contains itself', offset)
    this.#repeating += 1
    const value = this.#readValue(target, startOf(target))
    this.#repeating -= 1
    return value
  }

  #readKey(key: Node): Uint8Array {
    const value = isAlias(key) ? this.#readAlias(key.source, startOf(key)) : null
    const read = value ?? (isScalar(key) ? this.#readScalar(key) : null)
    // a plain `<<` resolves to a text of its own
    if (read?.kind === 'text') return read.bytes
    throw this.#error('a key is no text', startOf(key))
  }

  #readScalar(node: ScalarNode): Value {
    if (node.anchor !== undefined) this.#remember(node)
    const source = typeof node.value === 'string' ? node.value : (node.source ?? '')
    const style = node.type === 'PLAIN' || node.type === undefined ? 'plain' : 'quoted'
    const value = resolveScalar(source, style, node.tag ?? null)
    if (value !== null) return value
    throw this.#error('a value is not what its tag says, or too large', startOf(node))
  }

  #remember(node: Node): void {
    // an alias defines nothing anew
    if (this.#repeating > 0) return
    if ('anchor' in node && typeof node.anchor === 'string') this.#anchors.set(node.anchor, node)
  }

  #closing(node: YAMLMap | YAMLSeq, end: number): readonly Comment[] {
    const token = node.srcToken
    if (this.#repeating > 0 || token === undefined) return []
    if (token.type === 'flow-collection') return above(this.#comments.before(endOf(node)))
    const column = 'indent' in token ? token.indent : 0
    return above(this.#comments.closing(column, end))
  }

  /** Where the line ends on which a value ends; a block's last line break belongs to it already. */
  #lineEnd(node: Node): number {
    const end = endOf(node)
    if (isScalar(node) && (node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED'))
      return end
    const found = this.#text.indexOf('\n', end)
    return found === -1 ? Infinity : found
  }

  #error(reason: string, offset: number): Error {
    const at = { file: this.#place.file, line: this.#tokens.lineOf(offset) }
    return refusal('bad-metadata', `Cannot read YAML: ${reason}`, at)
  }
}

function isNothing(node: ScalarNode): boolean {
  return (
    resolveScalar(node.source ?? '', node.type === 'PLAIN' ? 'plain' : 'quoted', null)?.kind ===
    'null'
  )
}

function startOf(node: Node): number {
  return node.range?.[0] ?? 0
}

function endOf(node: Node): number {
  return node.range?.[1] ?? 0
}
