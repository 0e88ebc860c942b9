import { isAlias, isMap, isNode, isSeq, type Alias, type Node, type YAMLMap } from 'yaml'

import { isMergeKey, keyText, mergedNodes, type YamlDocument } from './yaml-document.ts'

/** A value with every alias that was followed to reach it. */
export interface Found {
  readonly node: Node
  readonly aliases: readonly Alias[]
}

/** Reads the mappings of one document as Compose does: aliases followed, merge keys applied, nothing copied. */
export interface Mappings {
  /** What a key holds, in the mapping itself or by merge; null where it has no such key. */
  get(map: YAMLMap, key: string): Found | null
  /** All keys, merged ones included, in order of precedence. */
  entries(map: YAMLMap): ReadonlyMap<string, Found>
  /** What a list holds; anything else is taken for a list of itself, as Compose's short forms are. */
  items(node: Node): readonly Node[]
}

export function mappings({ targets }: YamlDocument): Mappings {
  const memory = new Map<YAMLMap, Map<string, Found | null>>()

  const follow = (value: unknown): Found | null => {
    if (!isNode(value)) return null
    if (!isAlias(value)) return { node: value, aliases: [] }
    const target = targets.get(value)
    return target === undefined ? null : { node: target, aliases: [value] }
  }
  const merged = (map: YAMLMap): readonly YAMLMap[] =>
    map.items
      .filter(({ key }) => isMergeKey(key))
      .flatMap(({ value }) => mergedNodes(value, targets).filter((node) => isMap(node)))

  const get = (map: YAMLMap, key: string): Found | null => {
    const known = memory.get(map) ?? new Map<string, Found | null>()
    memory.set(map, known)
    const before = known.get(key)
    if (before !== undefined) return before
    const found = search(map, key)
    known.set(key, found)
    return found
  }
  const search = (map: YAMLMap, key: string): Found | null => {
    const own = map.items.find((pair) => !isMergeKey(pair.key) && keyText(pair.key) === key)
    if (own !== undefined && !isReset(own.value)) return follow(own.value)
    for (const parent of merged(map)) {
      const found = get(parent, key)
      if (found !== null) return found
    }
    return null
  }
  const entries = (map: YAMLMap): ReadonlyMap<string, Found> => {
    const all = new Map<string, Found>()
    const open = [map]
    const seen = new Set<YAMLMap>()
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (seen.has(next)) continue
      seen.add(next)
      for (const { key, value } of next.items) {
        const found = follow(value)
        const name = keyText(key)
        if (found === null || isMergeKey(key) || isReset(value) || all.has(name)) continue
        all.set(name, found)
      }
      open.push(...merged(next).toReversed())
    }
    return all
  }
  const items = (node: Node): readonly Node[] =>
    isSeq(node) ? node.items.flatMap((item) => follow(item)?.node ?? []) : [node]
  return { get, entries, items }
}

/** Compose's `!reset` takes a key away before merges are applied, and whatever an earlier file or document said. */
export function isReset(value: unknown): boolean {
  return isNode(value) && value.tag === '!reset'
}
