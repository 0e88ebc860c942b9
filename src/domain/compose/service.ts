import { isMap, isNode, isScalar, type Alias, type Node, type Scalar, type YAMLMap } from 'yaml'

import { isReset, mappings, type Found, type Mappings } from './mapping.ts'
import { child, text, texts, type Text } from './node-text.ts'
import { keyText, start, type YamlDocument } from './yaml-document.ts'
import type { YamlFile } from './yaml-file.ts'

/** A scalar that is an image, in the file and document where it stands. */
export interface ServiceImage {
  readonly yaml: YamlFile
  readonly document: YamlDocument
  readonly scalar: Scalar
  readonly aliases: readonly Alias[]
}

/** A service of one document, as far as its image goes. */
export interface Service {
  readonly name: string
  /** Offset of its definition. */
  readonly offset: number
  /** Own, merged, or taken from another service by `extends`. */
  readonly image: ServiceImage | null
  /** What takes the image of an earlier document away. */
  readonly reset: Node | null
  readonly builds: boolean
  /** Own ones and those of what it extends. */
  readonly profiles: readonly string[]
  /** What stands where an image should and is none. */
  readonly odd: { readonly offset: number; readonly reason: string } | null
  /** Offset of an `extends` that leads nowhere, so that nobody knows what it would bring. */
  readonly lost: number | null
}

/** What `extends` names. */
export interface Base {
  /** null for the same file. */
  readonly file: Text | null
  readonly service: Text
}

/** Finds the base of a service in another file; `lost` where it cannot be had, null where nobody looks. */
export type Foreign = (
  base: Base & { readonly file: Text },
  depth: number,
) => Service | 'lost' | null

/** The services of one document, each read when it is asked for. */
export interface Services {
  readonly names: readonly string[]
  get(name: string, depth?: number): Service | null
}

/** Longer chains of `extends` are taken for a circle. */
const maxBases = 50

export function readServices(yaml: YamlFile, document: YamlDocument, foreign: Foreign): Services {
  const read = mappings(document)
  const list = child(read, document.root, 'services')
  const entries = isMap(list) ? read.entries(list) : new Map<string, Found>()
  const known = new Map<string, Service>()
  const open = new Set<string>()
  const get = (name: string, depth = 0): Service | null => {
    const before = known.get(name)
    if (before !== undefined) return before
    const map = entries.get(name)?.node
    if (!isMap(map) || open.has(name) || depth > maxBases) return null
    open.add(name)
    const base = baseOf(yaml, read, map)
    const { file, service } = base ?? { file: null, service: null }
    const outside = service === null || file === null ? null : foreign({ file, service }, depth + 1)
    const inside = service === null || file !== null ? null : get(service.value, depth + 1)
    const inherited = outside === 'lost' ? null : (outside ?? inside)
    const lost = outside === 'lost' ? (file?.offset ?? null) : null
    open.delete(name)
    const found = read.get(map, 'image')
    const own = found === null ? null : ownImage(yaml, document, found)
    const result = {
      name,
      offset: start(map),
      image: own ?? inherited?.image ?? null,
      reset: resetOf(map),
      builds: read.get(map, 'build') !== null || inherited?.builds === true,
      profiles: [
        ...texts(read, child(read, map, 'profiles')).map(({ value }) => value),
        ...(inherited?.profiles ?? []),
      ],
      odd: found === null || own !== null ? null : oddImage(found.node),
      lost: lost ?? (inherited?.lost == null ? null : ((file ?? service)?.offset ?? null)),
    }
    known.set(name, result)
    return result
  }
  return { names: [...entries.keys()], get }
}

function resetOf(map: YAMLMap): Node | null {
  const pair = map.items.find(({ key, value }) => keyText(key) === 'image' && isReset(value))
  return isNode(pair?.value) ? pair.value : null
}

function baseOf(yaml: YamlFile, read: Mappings, map: YAMLMap): Base | null {
  const node = child(read, map, 'extends')
  const service = text(node) ?? text(child(read, node, 'service'))
  if (service === null) return null
  const file = text(child(read, node, 'file'))
  return { file: file === null || isSameFile(yaml.file, file.value) ? null : file, service }
}

function isSameFile(file: string, named: string): boolean {
  const own = file.slice(file.lastIndexOf('/') + 1)
  return named === own || named === `./${own}`
}

function ownImage(
  yaml: YamlFile,
  document: YamlDocument,
  { node, aliases }: Found,
): ServiceImage | null {
  return isScalar(node) && typeof node.value === 'string'
    ? { yaml, document, scalar: node, aliases }
    : null
}

function oddImage(node: Node): Service['odd'] {
  if (isScalar(node) && node.value === null) return null
  return { offset: start(node), reason: 'it is no text' }
}
