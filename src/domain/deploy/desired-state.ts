import { createHash } from 'node:crypto'
import { tiesOf, type Tie } from '../compose/ties.ts'
import { MagosError } from '../error.ts'
import { parseImageReference, type ImageReference } from '../image-reference.ts'
import type { FileChange } from '../settings/file-changes.ts'
import { canonicalJson } from './canonical.ts'
import { labelMap } from './label-map.ts'
import { lastingServices } from './lasting.ts'
import { LABEL } from './labels.ts'
import { members } from './members.ts'
import { filesAt, filesText, filesUnder, readPaths, type TrackedFile } from './read-files.ts'
import { splitFiles, type Reload } from './reload.ts'

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
  /** Files that it is told of while it runs. */
  readonly reloads: readonly Reload[]
  /** Why it surely is no one-shot, in words; null for one that may end with 0. */
  readonly lasting: string | null
  /** What goes along when other services' containers become others. */
  readonly ties: readonly Tie[]
}

export interface DesiredState {
  readonly services: readonly DesiredService[]
  /** The document with our labels in it. */
  readonly document: ComposeDocument
}

/**
 * What shall run, from the resolved document and the tracked files that its services read. An untracked bound file
 * never counts, so an app that writes its own data recreates nothing.
 */
export function desiredState(
  stack: DesiredStack,
  document: ComposeDocument,
  tracked: readonly TrackedFile[],
): DesiredState {
  const lasting = lastingServices(document.services, stack.probed ?? new Set())
  const whole = { document, tracked, lasting }
  const services = Object.entries(document.services).map(([name, service]) =>
    desiredService(stack, name, service, whole),
  )
  return { services, document: labelled(stack, document, services) }
}

export interface DesiredStack {
  readonly name: string
  readonly home: string
  /** What changed files do, where it is not to make the container anew. */
  readonly changes?: readonly FileChange[]
  /** Files of the host's own that Compose reads: env files count whoever holds them. */
  readonly untracked?: readonly TrackedFile[]
  readonly keyed?: KeyedServices
  /** Services that a probe asks after. */
  readonly probed?: ReadonlySet<string>
}

/** Services whose hash must not tell what they hold to whoever can guess at it and try. */
export interface KeyedServices {
  readonly names: ReadonlySet<string>
  /** A digest that nobody can make without this host's key. */
  readonly digest: (text: string) => string
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** What one service cannot tell. */
interface Whole {
  readonly document: ComposeDocument
  readonly tracked: readonly TrackedFile[]
  readonly lasting: ReadonlyMap<string, string>
}

function desiredService(
  { home, changes = [], untracked = [], keyed }: DesiredStack,
  name: string,
  service: Readonly<Record<string, unknown>>,
  { document, tracked, lasting }: Whole,
): DesiredService {
  const { image, ...rest } = service
  const used = usedDefinitions(service, document)
  if (service['provider'] !== undefined) throw providedElsewhere(name)
  const { mounted, built, making } = readPaths(service, used)
  const seen = splitFiles(name, home, changes, {
    all: filesUnder(mounted, tracked),
    single: filesAt(mounted, tracked),
  })
  const others = [...filesUnder(built, tracked), ...filesUnder(making, [...tracked, ...untracked])]
  const files = filesText([...new Set([...seen.made, ...others])])
  const text = canonicalJson({ rest, used, files })
  const hash = keyed?.names.has(name) === true ? keyed.digest(text) : sha256(text)
  return {
    name,
    image: typeof image === 'string' ? parseImage(name, image) : null,
    source: service['build'] === undefined || service['build'] === null ? 'pulled' : 'built',
    pull: pullRule(service['pull_policy']),
    hash,
    replicas: replicas(service),
    reloads: seen.reloads,
    lasting: lasting.get(name) ?? null,
    ties: tiesOf(document.services, name),
  }
}

/** https://docs.docker.com/compose/how-tos/provider-services/: a program makes something, and no container is there. */
function providedElsewhere(service: string): MagosError {
  return new MagosError(
    'compose',
    `Deploy service "${service}": it is left to a "provider", and what that makes cannot be proven`,
    { remedy: 'Run the provider by itself, and take the service out of the stack' },
  )
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
