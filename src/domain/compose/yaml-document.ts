import {
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  type Alias,
  type Document,
  type Node,
  type YAMLMap,
} from 'yaml'

export interface YamlDocument {
  readonly root: Node | null
  /** What each alias stands for. */
  readonly targets: ReadonlyMap<Alias, Node>
  /** Nodes that aliases add where they are expanded; Infinity where there are too many to count. */
  readonly repeated: number
}

/** Takes what is wrong at an offset, null for the whole file. */
export type Report = (offset: number | null, message: string, remedy: string) => void

/** Whatever recurses over a document may go so deep. */
export const maxDepth = 100

/** Finds what every alias stands for, and reports what Compose would not read. */
export function readDocument(document: Document.Parsed, report: Report): YamlDocument {
  const anchors = new Map<string, Node>()
  const open = new Set<Node>()
  const targets = new Map<Alias, Node>()
  const mergeDepths = new Map<Node, number>()
  const sizes = new Map<Node, number>()
  let own = 0

  /** Returns of how many nodes it consists, aliases expanded: an anchor's size is known before its aliases come. */
  const visit = (node: Node | null): number => {
    if (node === null) return 0
    own += 1
    if (isAlias(node)) {
      const target = anchors.get(node.source)
      if (target === undefined) {
        report(start(node), `Alias "*${node.source}" has no anchor before it`, 'Define the anchor')
      } else if (open.has(target)) {
        report(start(node), `Anchor "&${node.source}" contains itself`, 'Break the circle')
      } else {
        targets.set(node, target)
      }
      return target === undefined ? 1 : (sizes.get(target) ?? 1)
    }
    if (node.anchor !== undefined) anchors.set(node.anchor, node)
    let size = 1
    if (isMap(node)) {
      open.add(node)
      readKeys(node, report)
      for (const { key, value } of node.items) {
        if (isNode(key)) size += visit(key)
        if (isNode(value)) size += visit(value)
      }
      open.delete(node)
      mergeDepths.set(node, readMerges(node, targets, mergeDepths, report))
    } else if (isSeq(node)) {
      open.add(node)
      for (const item of node.items) if (isNode(item)) size += visit(item)
      open.delete(node)
    }
    if (node.anchor !== undefined) sizes.set(node, size)
    return size
  }
  const size = visit(document.contents)
  return { root: document.contents, targets, repeated: size - own }
}

/** Keys are compared as text, as Compose does: `1` and `"1"` are one key. */
function readKeys(map: YAMLMap, report: Report): void {
  const seen = new Set<string>()
  for (const { key } of map.items) {
    if (!isScalar(key)) {
      report(isNode(key) ? start(key) : start(map), 'Key is no plain text', 'Write the key out')
      continue
    }
    const name = keyText(key)
    if (seen.has(name))
      report(start(key), `Key "${name}" stands twice in one mapping`, 'Remove one')
    seen.add(name)
  }
}

/** How many merges lie behind one another below this mapping; each must be a mapping or a list of them. */
function readMerges(
  map: YAMLMap,
  targets: ReadonlyMap<Alias, Node>,
  depths: ReadonlyMap<Node, number>,
  report: Report,
): number {
  let depth = 0
  for (const { key, value } of map.items) {
    if (!isMergeKey(key)) continue
    for (const merged of mergedNodes(value, targets)) {
      if (isMap(merged)) depth = Math.max(depth, 1 + (depths.get(merged) ?? 0))
      else
        report(
          offsetOf(key),
          'Merge key "<<" takes no mapping',
          'Merge a mapping or a list of them',
        )
    }
  }
  if (depth > maxDepth) {
    report(start(map), `Merge keys are deeper than ${maxDepth} levels`, 'Flatten the file')
  }
  return depth
}

/** YAML 1.1's merge key: only the plain spelling merges, a quoted one is a key like any other. */
export function isMergeKey(key: unknown): boolean {
  return isScalar(key) && key.type === 'PLAIN' && key.source === '<<'
}

/** What a merge key's value merges, in order of precedence. */
export function mergedNodes(value: unknown, targets: ReadonlyMap<Alias, Node>): readonly unknown[] {
  const node = isAlias(value) ? targets.get(value) : value
  if (!isSeq(node)) return [node]
  return node.items.map((item) => (isAlias(item) ? targets.get(item) : item))
}

export function keyText(key: unknown): string {
  if (!isScalar(key)) return ''
  return typeof key.value === 'string' ? key.value : (key.source ?? '')
}

function offsetOf(node: unknown): number {
  return isNode(node) ? start(node) : 0
}

/** Offset of a node's first character, behind its anchor and tag. */
export function start(node: Node): number {
  return node.range?.[0] ?? 0
}
