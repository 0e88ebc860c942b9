import { isMap, isNode, isScalar, type Alias, type Node, type Scalar, type YAMLMap } from 'yaml'

import type { Problem } from '../problem.ts'
import { isReset, mappings, type Found, type Mappings } from './mapping.ts'
import { keyText, start, type YamlDocument } from './yaml-document.ts'
import type { YamlFile } from './yaml-file.ts'

/** A service of one document, as far as its image goes. */
export interface Service {
  readonly name: string
  /** Own, merged, or taken from a service of the same document by `extends`. */
  readonly image: { readonly scalar: Scalar; readonly aliases: readonly Alias[] } | null
  /** What takes the image of an earlier document away. */
  readonly reset: Node | null
  readonly builds: boolean
}

/** The services of a document; an image that is no text is a problem, and then none. */
export function readServices(
  yaml: YamlFile,
  document: YamlDocument,
  problems: Problem[],
): readonly Service[] {
  const read = mappings(document)
  const root = document.root
  const list = isMap(root) ? read.get(root, 'services')?.node : undefined
  if (!isMap(list)) return []
  const entries = read.entries(list)
  const known = new Map<string, Service>()
  const service = (name: string, seen: ReadonlySet<string>): Service | null => {
    const before = known.get(name)
    if (before !== undefined) return before
    const map = entries.get(name)?.node
    if (!isMap(map) || seen.has(name) || seen.size > maxBases) return null
    const base = baseOf(yaml, read, map)
    const inherited = base === null ? null : service(base, new Set([...seen, name]))
    const found = read.get(map, 'image')
    const own = found === null ? null : ownImage(yaml, name, found, problems)
    const builds = read.get(map, 'build') !== null || inherited?.builds === true
    const result = { name, image: own ?? inherited?.image ?? null, reset: resetOf(map), builds }
    known.set(name, result)
    return result
  }
  return [...entries.keys()].flatMap((name) => service(name, new Set()) ?? [])
}

function resetOf(map: YAMLMap): Node | null {
  const pair = map.items.find(({ key, value }) => keyText(key) === 'image' && isReset(value))
  return isNode(pair?.value) ? pair.value : null
}

/** Longer chains of `extends` are taken for a circle. */
const maxBases = 50

/** The service of this same file that another one extends. */
function baseOf(yaml: YamlFile, read: Mappings, map: YAMLMap): string | null {
  const found = read.get(map, 'extends')?.node
  if (isScalar(found)) return typeof found.value === 'string' ? found.value : null
  if (!isMap(found)) return null
  const file = read.get(found, 'file')?.node
  const name = read.get(found, 'service')?.node
  if (file !== undefined && !isSameFile(yaml.file, file)) return null
  return isScalar(name) && typeof name.value === 'string' ? name.value : null
}

function isSameFile(file: string, named: Node): boolean {
  const own = file.slice(file.lastIndexOf('/') + 1)
  return isScalar(named) && (named.value === own || named.value === `./${own}`)
}

function ownImage(
  yaml: YamlFile,
  name: string,
  { node, aliases }: Found,
  problems: Problem[],
): Service['image'] {
  if (isScalar(node) && typeof node.value === 'string') return { scalar: node, aliases }
  if (isScalar(node) && node.value === null) return null
  problems.push({
    file: yaml.file,
    ...yaml.place(start(node)),
    severity: 'error',
    code: 'compose',
    message: `Cannot read the image of service "${name}": it is no text`,
    remedy: 'Write a reference, in quotes where YAML takes it for a number',
  })
  return null
}
