import type { Place } from '../error.ts'
import { textOf } from './bytes.ts'
import { refusal } from './refusal.ts'
import { canonicalText } from './scalar-form.ts'
import type { Entry, MapValue, SopsTree, Value } from './tree.ts'

/** SOPS's own node, whatever the format: texts, as dotenv and INI have nothing else. */
export type MetadataNode =
  | string
  | null
  | readonly MetadataNode[]
  | ReadonlyMap<string, MetadataNode>

export interface Split {
  /** The file's values, SOPS's own node taken out of every document. */
  readonly tree: SopsTree
  readonly metadata: ReadonlyMap<string, MetadataNode>
}

/** How a format keeps the node: below `sops`, below a section `sops` with flat names, or flat with `sops_` before every name. */
export type MetadataShape = 'nested' | 'section' | 'prefixed'

const nodeName = 'sops'
const prefix = 'sops_'

/** Takes SOPS's own node out of a tree. Throws `bad-metadata` where there is none, or more than one. */
export function splitMetadata(tree: SopsTree, shape: MetadataShape, place: Place): Split {
  const taken = tree.documents.map((document) => takeFrom(document, shape))
  const documents = taken.map(({ rest }) => rest)
  // Of several documents only the first one's counts.
  const own = taken[0]?.own ?? []
  if (own.length === 0) {
    throw refusal('bad-metadata', 'Cannot decrypt file: it holds no metadata of SOPS', place)
  }
  if (shape === 'prefixed') return { tree: { documents }, metadata: unflatten(own, place) }
  const [node, second] = own
  if (node === undefined || second !== undefined) {
    throw refusal('bad-metadata', 'Cannot decrypt file: it holds two "sops" nodes', place)
  }
  if (node.value.kind !== 'map') {
    throw refusal('bad-metadata', 'Cannot decrypt file: its "sops" node is no mapping', place)
  }
  const metadata =
    shape === 'section' ? unflatten(entriesOf(node.value), place) : readMap(node.value, place)
  return { tree: { documents }, metadata }
}

function takeFrom(
  document: MapValue,
  shape: MetadataShape,
): { readonly rest: MapValue; readonly own: readonly Entry[] } {
  const own: Entry[] = []
  const entries = document.entries.filter((entry) => {
    if (entry.kind === 'comment') return true
    const name = textOf(entry.key)
    const taken = shape === 'prefixed' ? name.startsWith(prefix) : name === nodeName
    if (!taken) return true
    const key = shape === 'prefixed' ? entry.key.subarray(prefix.length) : entry.key
    own.push({ ...entry, key })
    return false
  })
  return { rest: { kind: 'map', entries }, own }
}

function entriesOf(map: MapValue): readonly Entry[] {
  return map.entries.filter((entry) => entry.kind === 'entry')
}

function readMap(map: MapValue, place: Place): ReadonlyMap<string, MetadataNode> {
  const read = new Map<string, MetadataNode>()
  for (const { key, value } of entriesOf(map)) {
    const name = textOf(key)
    if (read.has(name)) throw twice(name, place)
    read.set(name, readNode(value, place))
  }
  return read
}

function readNode(value: Value, place: Place): MetadataNode {
  switch (value.kind) {
    case 'map':
      return readMap(value, place)
    case 'list':
      return value.items.flatMap((item) => (item.kind === 'comment' ? [] : [readNode(item, place)]))
    case 'null':
      return null
    default:
      return canonicalText(value)
  }
}

/** Names as `age__list_0__map_enc` hold what formats without nesting cannot. */
function unflatten(entries: readonly Entry[], place: Place): ReadonlyMap<string, MetadataNode> {
  const root: Branch = { value: undefined, below: new Map() }
  for (const { key, value } of entries) {
    const name = textOf(key)
    const parts = name.split(/(?=__(?:map|list)_)/)
    if (parts.length > maxParts) {
      throw refusal('bad-metadata', 'Cannot decrypt file: its metadata nests without end', place)
    }
    let branch = root
    for (const part of parts) {
      const next = branch.below.get(part) ?? { value: undefined, below: new Map() }
      branch.below.set(part, next)
      branch = next
    }
    if (branch.value !== undefined) throw twice(name, place)
    branch.value = unescapeBreaks(readNode(value, place))
  }
  const folded = fold(root, place)
  return folded instanceof Map ? folded : new Map()
}

/** `key_groups__list_0__map_kms__list_0__map_context__map_app` has seven. */
const maxParts = 20

interface Branch {
  value: MetadataNode | undefined
  readonly below: Map<string, Branch>
}

function fold({ value, below }: Branch, place: Place): MetadataNode {
  const names = [...below.keys()]
  if (value !== undefined) {
    if (names.length === 0) return value
    throw refusal('bad-metadata', 'Cannot decrypt file: its flat metadata nests in a value', place)
  }
  if (!names.some((name) => name.startsWith(listMark))) {
    return new Map(
      [...below].map(([name, branch]) => [name.replace(/^__map_/, ''), fold(branch, place)]),
    )
  }
  return names.map((_, index) => {
    const branch = below.get(`${listMark}${index}`)
    if (branch !== undefined) return fold(branch, place)
    throw refusal('bad-metadata', 'Cannot decrypt file: its flat metadata misses an item', place)
  })
}

const listMark = '__list_'

/** Armoured keys have line breaks, and INI has none in a plain value. */
function unescapeBreaks(node: MetadataNode): MetadataNode {
  return typeof node === 'string' ? node.replaceAll('\\n', '\n') : node
}

function twice(name: string, place: Place): Error {
  const quoted = JSON.stringify(name)
  return refusal('bad-metadata', `Cannot decrypt file: its metadata has ${quoted} twice`, place)
}
