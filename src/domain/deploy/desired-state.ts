import { createHash } from 'node:crypto'
import { MagosError } from '../error.ts'
import { parseImageReference, type ImageReference } from '../image-reference.ts'
import { canonicalJson } from './canonical.ts'
import { LABEL } from './labels.ts'

/** A compose document as the provider's `config` prints it; absolute paths are this host's. */
export type ComposeDocument = Readonly<Record<string, unknown>> & {
  readonly services: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

export interface DesiredService {
  readonly name: string
  /** null for a service that is only built. */
  readonly image: ImageReference | null
  readonly source: 'pulled' | 'built'
  /** When its image is pulled: by its digest or anew each time, only where it is missing, or never. */
  readonly pull: 'always' | 'missing' | 'never'
  /** Over everything that makes the container, its image left out: that one is compared by digest. */
  readonly hash: string
  readonly replicas: number
}

export interface DesiredState {
  readonly services: readonly DesiredService[]
  /** The document with our labels in it. */
  readonly document: ComposeDocument
}

/** A tracked file as it will lie in the stable directory. */
export interface TrackedFile {
  /** Absolute path on this host. */
  readonly path: string
  readonly mode: string
  readonly oid: string
}

/**
 * What shall run, from the resolved document and the tracked files that its services read. An untracked bound file
 * never counts, so an app that writes its own data recreates nothing.
 */
export function desiredState(
  stack: { readonly name: string; readonly home: string },
  document: ComposeDocument,
  tracked: readonly TrackedFile[],
): DesiredState {
  const services = Object.entries(document.services).map(([name, service]) =>
    desiredService(name, service, document, tracked),
  )
  return { services, document: labelled(stack, document, services) }
}

function desiredService(
  name: string,
  service: Readonly<Record<string, unknown>>,
  document: ComposeDocument,
  tracked: readonly TrackedFile[],
): DesiredService {
  const { image, ...rest } = service
  const used = usedDefinitions(service, document)
  const files = filesUnder(readPaths(service, used), tracked)
  const hash = createHash('sha256').update(canonicalJson({ rest, used, files })).digest('hex')
  return {
    name,
    image: typeof image === 'string' ? parseImage(name, image) : null,
    source: service['build'] === undefined || service['build'] === null ? 'pulled' : 'built',
    pull: pullRule(service['pull_policy']),
    hash,
    replicas: replicas(service),
  }
}

function parseImage(service: string, image: string): ImageReference {
  try {
    return parseImageReference(image)
  } catch (error) {
    throw new MagosError('compose', `Cannot read the image of service "${service}": "${image}"`, {
      cause: error,
    })
  }
}

/** https://github.com/compose-spec/compose-spec/blob/main/05-services.md#pull_policy */
function pullRule(policy: unknown): DesiredService['pull'] {
  if (policy === 'never') return 'never'
  return policy === 'missing' || policy === 'if_not_present' ? 'missing' : 'always'
}

const SECTIONS = ['networks', 'volumes', 'configs', 'secrets'] as const

/** The top-level definitions that a service names, so that another service's network is none of its business. */
function usedDefinitions(
  service: Readonly<Record<string, unknown>>,
  document: ComposeDocument,
): Record<string, Record<string, unknown>> {
  const used: Record<string, Record<string, unknown>> = {}
  for (const section of SECTIONS) {
    const defined = members(document[section])
    const named = new Set(namesIn(service[section]))
    const entries = Object.entries(defined).filter(([name]) => named.has(name))
    if (entries.length > 0) used[section] = Object.fromEntries(entries)
  }
  return used
}

/** Names in any of Compose's spellings: a list of names, a list of `{source}`, a mapping by name. */
function namesIn(value: unknown): string[] {
  if (!Array.isArray(value)) return Object.keys(members(value))
  return value.flatMap((item: unknown) => {
    if (typeof item === 'string') return [item]
    const source = members(item)['source']
    return typeof source === 'string' ? [source] : []
  })
}

/** Host paths that a service mounts or is built from. */
function readPaths(
  service: Readonly<Record<string, unknown>>,
  used: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
): string[] {
  const paths: string[] = []
  const volumes = service['volumes']
  for (const volume of Array.isArray(volumes) ? volumes : []) {
    const { type, source } = members(volume)
    if (type === 'bind' && typeof source === 'string') paths.push(source)
  }
  for (const section of ['configs', 'secrets']) {
    for (const definition of Object.values(used[section] ?? {})) {
      const file = members(definition)['file']
      if (typeof file === 'string') paths.push(file)
    }
  }
  const build = service['build']
  const context = typeof build === 'string' ? build : members(build)['context']
  if (typeof context === 'string') paths.push(context)
  return paths
}

/** Git's own word for the bytes of every tracked file that one of the paths is or holds. */
function filesUnder(paths: readonly string[], tracked: readonly TrackedFile[]): string[] {
  return tracked
    .filter(({ path }) => paths.some((root) => path === root || path.startsWith(`${root}/`)))
    .map(({ path, mode, oid }) => `${path} ${mode} ${oid}`)
    .toSorted()
}

function replicas(service: Readonly<Record<string, unknown>>): number {
  const scale = service['scale'] ?? members(service['deploy'])['replicas']
  return typeof scale === 'number' && Number.isInteger(scale) && scale >= 0 ? scale : 1
}

function labelled(
  stack: { readonly name: string; readonly home: string },
  document: ComposeDocument,
  services: readonly DesiredService[],
): ComposeDocument {
  const hashes = new Map(services.map(({ name, hash }) => [name, hash]))
  const entries = Object.entries(document.services).map(([name, service]) => {
    const labels = {
      ...labelMap(service['labels']),
      [LABEL.stack]: stack.name,
      [LABEL.hash]: hashes.get(name) ?? '',
      // Compose reads the document once more, and would take a single `$` for a variable.
      [LABEL.home]: stack.home.replaceAll('$', '$$$$'),
    }
    return [name, { ...service, labels }] as const
  })
  return { ...document, services: Object.fromEntries(entries) }
}

/** Labels as a mapping, from Compose's mapping or its list of `key=value`. */
function labelMap(labels: unknown): Record<string, unknown> {
  if (!Array.isArray(labels)) return members(labels)
  const pairs = labels.filter((label): label is string => typeof label === 'string')
  return Object.fromEntries(
    pairs.map((pair) => {
      const equals = pair.indexOf('=')
      return equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)]
    }),
  )
}

function members(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : {}
}
