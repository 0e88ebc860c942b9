import type { ComposeDocument } from './desired-state.ts'
import { labelMap } from './label-map.ts'
import { members } from './members.ts'

/** A network or a volume that services of a file use. */
export interface Definition {
  readonly kind: 'network' | 'volume'
  /** In the file. */
  readonly key: string
  /** At the engine. */
  readonly name: string
  /** What the file says of it. */
  readonly fields: Readonly<Record<string, unknown>>
}

const SECTIONS = { network: 'networks', volume: 'volumes' } as const

/** Those that the stack makes itself: an external one is nobody's business here. */
export function ownDefinitions(document: ComposeDocument, project: string): readonly Definition[] {
  const services = Object.values(document.services)
  const used = {
    network: new Set(services.flatMap(networkKeys)),
    volume: new Set(services.flatMap(volumeKeys)),
  }
  return (['network', 'volume'] as const).flatMap((kind) => {
    const defined = members(document[SECTIONS[kind]])
    // The project's own network need not be defined, and is there all the same.
    const all = kind === 'network' ? { default: null, ...defined } : defined
    return Object.entries(all).flatMap(([key, value]): Definition[] => {
      const fields = members(value)
      if (!used[kind].has(key) || isExternal(fields)) return []
      return [{ kind, key, name: nameOf(key, fields, project), fields }]
    })
  })
}

/** Names at the engine of the networks that a service's containers are to hang on. */
export function networksOf(
  document: ComposeDocument,
  project: string,
  service: string,
): readonly string[] {
  const networks = members(document['networks'])
  return networkKeys(document.services[service] ?? {}).map((key) =>
    nameOf(key, members(networks[key]), project),
  )
}

/** The document with these labels beside what a definition has. */
export function withLabels(
  document: ComposeDocument,
  labels: ReadonlyMap<Definition, Readonly<Record<string, string>>>,
): ComposeDocument {
  const sections = (['network', 'volume'] as const).flatMap((kind) => {
    const section = SECTIONS[kind]
    const due = [...labels].filter(([definition]) => definition.kind === kind)
    if (due.length === 0) return []
    const named = due.map(([{ key, fields }, more]) => {
      return [key, { ...fields, labels: { ...labelMap(fields['labels']), ...more } }] as const
    })
    return [[section, { ...members(document[section]), ...Object.fromEntries(named) }] as const]
  })
  return { ...document, ...Object.fromEntries(sections) }
}

/** A list of names, or a mapping by name; the project's own network where neither that nor a mode is said. */
function networkKeys({
  networks,
  network_mode: mode,
}: Readonly<Record<string, unknown>>): readonly string[] {
  if (networks === undefined || networks === null) {
    return mode === undefined || mode === null ? ['default'] : []
  }
  return Array.isArray(networks) ? networks.map(String) : Object.keys(members(networks))
}

/** `NAME:/target`, `{type: volume, source: NAME}`; a path is none that is defined. */
function volumeKeys({ volumes }: Readonly<Record<string, unknown>>): readonly string[] {
  return (Array.isArray(volumes) ? volumes : []).flatMap((volume: unknown) => {
    const { type, source } = members(volume)
    const named = typeof volume === 'string' ? volume.split(':')[0] : source
    return typeof named === 'string' && (type ?? 'volume') === 'volume' ? [named] : []
  })
}

function isExternal({ external }: Readonly<Record<string, unknown>>): boolean {
  return external !== undefined && external !== null && external !== false
}

/** As every provider names it. https://github.com/compose-spec/compose-spec/blob/main/06-networks.md#name */
function nameOf(
  key: string,
  { name, external }: Readonly<Record<string, unknown>>,
  project: string,
): string {
  const old = members(external)['name']
  if (typeof old === 'string') return plain(old)
  if (typeof name === 'string') return plain(name)
  return external === true ? key : `${project}_${key}`
}

/** A resolved document has every `$` doubled. */
export function plain(text: string): string {
  return text.replaceAll('$$', '$')
}
