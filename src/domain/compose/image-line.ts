import { isMap, isScalar, type Alias, type Node, type Scalar, type YAMLMap } from 'yaml'

import { MagosError } from '../error.ts'
import { parseImageReference, type ImageReference } from '../image-reference.ts'
import type { Problem } from '../problem.ts'
import { mappings, type Found, type Mappings } from './mapping.ts'
import { start, type YamlDocument, type YamlFile } from './yaml-file.ts'

/** A scalar that is the image of services, where it is defined. */
export interface ImageLine {
  readonly line: number
  readonly column: number
  readonly services: readonly string[]
  readonly text: string
  /** null where the text is no plain reference. */
  readonly image: ImageReference | null
  /** Why nobody may edit this scalar; null where it can be edited exactly. */
  readonly obstacle: string | null
  /** [start, end) of the reference inside its quotes. */
  readonly range: readonly [number, number]
}

/** Finds every scalar that is some service's image, in the order of the file. */
export function locateImages(yaml: YamlFile): {
  readonly lines: readonly ImageLine[]
  readonly problems: readonly Problem[]
} {
  const problems: Problem[] = []
  const documents = yaml.documents.map((document) => ({
    document,
    services: readServices(yaml, document, problems),
  }))
  const last = new Map<string, Scalar>()
  const built = new Set<string>()
  for (const { services } of documents) {
    for (const { name, image, builds } of services) {
      if (image !== null) last.set(name, image.scalar)
      if (builds) built.add(name)
    }
  }
  const lines = documents.flatMap(({ document, services }) => {
    const users = Map.groupBy(
      services.filter(({ image }) => image !== null),
      ({ image }) => image?.scalar,
    )
    return [...users].flatMap(([scalar, group]) =>
      scalar === undefined ? [] : [imageLine(yaml, document, scalar, group, last, built)],
    )
  })
  return { lines: lines.toSorted((a, b) => a.range[0] - b.range[0]), problems }
}

interface Service {
  readonly name: string
  /** Own, merged, or taken from a service of the same document by `extends`. */
  readonly image: { readonly scalar: Scalar; readonly aliases: readonly Alias[] } | null
  readonly builds: boolean
}

function readServices(
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
    const result = { name, image: own ?? inherited?.image ?? null, builds }
    known.set(name, result)
    return result
  }
  return [...entries.keys()].flatMap((name) => service(name, new Set()) ?? [])
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
  if (node.tag === '!reset' || (isScalar(node) && node.value === null)) return null
  if (isScalar(node) && typeof node.value === 'string') return { scalar: node, aliases }
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

function imageLine(
  yaml: YamlFile,
  document: YamlDocument,
  scalar: Scalar,
  users: readonly Service[],
  last: ReadonlyMap<string, Scalar>,
  built: ReadonlySet<string>,
): ImageLine {
  const text = String(scalar.value)
  const range = innerRange(yaml.text, scalar)
  const effective = users.filter(({ name }) => last.get(name) === scalar)
  const services = (effective.length > 0 ? effective : users).map(({ name }) => name)
  const parsed = parseText(text)
  const [overriding] = effective.length > 0 ? [] : users.map(({ name }) => last.get(name))
  const obstacle =
    overridden(yaml, overriding) ??
    buildBeside(services, built) ??
    unusualScalar(yaml.text, scalar, range) ??
    otherUse(yaml, document, scalar, users) ??
    (typeof parsed === 'string' ? parsed : null)
  return {
    ...yaml.place(range[0]),
    services,
    text,
    image: typeof parsed === 'string' ? null : parsed,
    obstacle,
    range,
  }
}

function innerRange(text: string, scalar: Scalar): readonly [number, number] {
  const [from, to] = [scalar.range?.[0] ?? 0, scalar.range?.[1] ?? 0]
  if (scalar.type === 'QUOTE_SINGLE' || scalar.type === 'QUOTE_DOUBLE') return [from + 1, to - 1]
  if (scalar.type === 'PLAIN') return [from, to]
  const value = String(scalar.value).trim()
  const inner = value === '' ? -1 : text.slice(from, to).lastIndexOf(value)
  return inner === -1 ? [from, to] : [from + inner, from + inner + value.length]
}

/** The reference, or why the text is none. */
function parseText(text: string): ImageReference | string {
  if (text.includes('$')) return 'its value holds a variable, which comes from the environment'
  try {
    return parseImageReference(text)
  } catch (error) {
    if (error instanceof MagosError) return error.message
    throw error
  }
}

function overridden(yaml: YamlFile, by: Scalar | undefined): string | null {
  if (by === undefined) return null
  return `a later document of the file overrides it in line ${yaml.place(start(by)).line}`
}

function buildBeside(services: readonly string[], built: ReadonlySet<string>): string | null {
  const name = services.find((service) => built.has(service))
  return name === undefined ? null : `service "${name}" builds its image, so it only names it`
}

function unusualScalar(
  text: string,
  scalar: Scalar,
  [from, to]: readonly [number, number],
): string | null {
  if (scalar.type === 'BLOCK_FOLDED' || scalar.type === 'BLOCK_LITERAL') {
    return 'it is written as a block scalar'
  }
  if (scalar.tag !== undefined && scalar.tag !== 'tag:yaml.org,2002:str') {
    return `it carries the tag "${scalar.tag}"`
  }
  return text.slice(from, to) === scalar.value
    ? null
    : 'it is written with escapes or over several lines'
}

/** An anchored scalar may stand for other values too, which an edit would change along. */
function otherUse(
  yaml: YamlFile,
  document: YamlDocument,
  scalar: Scalar,
  users: readonly Service[],
): string | null {
  if (scalar.anchor === undefined) return null
  const images = new Set(users.flatMap(({ image }) => image?.aliases ?? []))
  for (const [alias, target] of document.targets) {
    if (target !== scalar || images.has(alias)) continue
    return `its anchor "&${scalar.anchor}" is used in line ${yaml.place(start(alias)).line} too, where it is no service’s image`
  }
  return null
}
