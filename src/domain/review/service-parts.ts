import { isMap, isScalar, isSeq, type Node } from 'yaml'

import { fileReferences, type FileReference } from '../compose/file-references.ts'
import { mappings, type Mappings } from '../compose/mapping.ts'
import type { Project, ProjectFile } from '../compose/project.ts'
import { join, parentOf } from '../compose/tree-path.ts'
import type { YamlDocument } from '../compose/yaml-document.ts'
import type { YamlFile } from '../compose/yaml-file.ts'

/** What one service is made of in the parsed files, nothing resolved beyond aliases, merge keys and `extends`. */
export interface ServiceParts {
  /** One a document that defines it, in the order in which they override; of a base, before it. */
  readonly values: readonly Fields[]
  /** Paths from the repository's root of what it refers to. */
  readonly references: readonly { readonly role: FileReference['role']; readonly path: string }[]
}

export type Fields = Readonly<Record<string, unknown>>

/** A stack as its files say at one revision. */
export interface ProjectParts {
  readonly services: ReadonlyMap<string, ServiceParts>
  /** What stands beside the services, by section and name. */
  readonly sections: Fields
}

/** Compose expands every alias; beyond so many nodes nobody reads what it would be. */
const maxRepeated = 100_000
const maxBases = 50

export function projectParts(project: Project): ProjectParts {
  const services = new Map<
    string,
    { values: Fields[]; references: ServiceParts['references'][number][] }
  >()
  const sections: Record<string, unknown[]> = {}
  const sources = new Map(project.read.map((yaml) => [yaml.file, yaml]))
  for (const file of project.files) {
    for (const document of readable(file.yaml)) {
      const read = mappings(document)
      for (const [key, node] of entriesOf(read, document.root)) {
        if (key !== 'services') (sections[key] ??= []).push(plain(read, node))
      }
      for (const [name] of entriesOf(read, servicesOf(read, document))) {
        const parts = services.get(name) ?? { values: [], references: [] }
        services.set(name, parts)
        parts.values.push(...effective(sources, file.yaml, name, 0))
        parts.references.push(...referencesOf(file, name))
      }
    }
  }
  return { services, sections }
}

function readable(yaml: YamlFile): readonly YamlDocument[] {
  return yaml.documents.filter(({ repeated }) => repeated <= maxRepeated)
}

function servicesOf(read: Mappings, { root }: YamlDocument): Node | null {
  return isMap(root) ? (read.get(root, 'services')?.node ?? null) : null
}

function entriesOf(read: Mappings, node: Node | null): readonly (readonly [string, Node])[] {
  return isMap(node) ? [...read.entries(node)].map(([key, found]) => [key, found.node]) : []
}

/** The service with what it extends before it, as far as that can be read. */
function effective(
  sources: ReadonlyMap<string, YamlFile>,
  yaml: YamlFile,
  name: string,
  depth: number,
): readonly Fields[] {
  if (depth > maxBases) return []
  return readable(yaml).flatMap((document) => {
    const read = mappings(document)
    const node = entriesOf(read, servicesOf(read, document)).find(([key]) => key === name)?.[1]
    if (node === undefined) return []
    const own = plain(read, node)
    const fields: Fields = isFields(own) ? own : {}
    const base = baseOf(fields)
    const source = base === null ? undefined : sourceOf(sources, yaml, base.file)
    const inherited =
      base === null || source === undefined
        ? []
        : effective(sources, source, base.service, depth + 1)
    return inherited.concat(fields)
  })
}

function baseOf({ extends: value }: Fields): { file: string | null; service: string } | null {
  if (typeof value === 'string') return { file: null, service: value }
  if (!isFields(value) || typeof value['service'] !== 'string') return null
  return {
    file: typeof value['file'] === 'string' ? value['file'] : null,
    service: value['service'],
  }
}

function sourceOf(
  sources: ReadonlyMap<string, YamlFile>,
  from: YamlFile,
  file: string | null,
): YamlFile | undefined {
  if (file === null) return from
  return sources.get(join(parentOf(from.file), file) ?? '')
}

function referencesOf(file: ProjectFile, service: string): ServiceParts['references'] {
  return fileReferences(file.yaml, service).flatMap(({ role, value, below }) => {
    const path = join(below === null ? file.base : `${file.base}/${below}`, value)
    return path === null || value.startsWith('/') || value.startsWith('~') ? [] : [{ role, path }]
  })
}

/** One a document: where each stands decides what wins, so that their order counts. */
export function valuesOf({ values }: ServiceParts, key: string): readonly unknown[] {
  return values.flatMap((value) => (Object.hasOwn(value, key) ? [value[key]] : []))
}

/** As JSON would have it, aliases and merges resolved. */
function plain(read: Mappings, node: Node): unknown {
  if (isScalar(node)) return node.value
  if (isSeq(node)) return read.items(node).map((item) => plain(read, item))
  if (!isMap(node)) return null
  return Object.fromEntries(entriesOf(read, node).map(([key, value]) => [key, plain(read, value)]))
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
