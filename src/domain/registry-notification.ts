import { MagosError } from './error.ts'
import type { Origin } from './event.ts'
import { parseImageReference, repositoryName } from './image-reference.ts'
import type { Hint } from './webhook.ts'

/** Whose notification it is, as its route says. Forgejo's are Gitea's. */
export type RegistryKind = 'docker-hub' | 'quay' | 'harbor' | 'gitea' | 'distribution'

/** A notification whose secret was right. */
export interface RegistryNotification {
  readonly kind: RegistryKind
  /** SHA-256 of the body, hex. */
  readonly body: string
  readonly payload: Readonly<Record<string, unknown>>
}

type Payload = Readonly<Record<string, unknown>>

/** Repositories of one hint; beyond, every image is looked at. */
const MOST_NAMED = 50
/** Events of one envelope that are looked at; beyond, every image is looked at. */
const MOST_EVENTS = 1_000
/** Host, path and tag, at the most. */
const LONGEST_NAME = 400

export function isRegistryKind(word: string): word is RegistryKind {
  return Object.hasOwn(READERS, word)
}

/**
 * What a registry's notification hints at: names of repositories to look at anew, and nothing else of it is believed. What brings
 * no tag to an image (a pull, a blob, a deletion) is ignored.
 */
export function readNotification({ kind, body, payload }: RegistryNotification): Hint {
  const found = READERS[kind](payload)
  if (found !== EVERYTHING && typeof found === 'string') {
    return { outcome: 'ignored', reason: found }
  }
  const repositories = found === EVERYTHING ? 'all' : named(found)
  if (repositories.length === 0) {
    return { outcome: 'ignored', reason: 'it names no repository that an image can have' }
  }
  const origin: Origin = { source: 'webhook', event: kind, body, ...imageOf(repositories) }
  return { outcome: 'accepted', event: { kind: 'image-published', repositories }, origin }
}

/** References as the payload has them, or a sentence on why there are none. */
type Read = (payload: Payload) => readonly string[] | typeof EVERYTHING | Ignored
type Ignored = `it ${string}`

const EVERYTHING = 'all'

const READERS: Readonly<Record<RegistryKind, Read>> = {
  'docker-hub': readDockerHub,
  quay: readQuay,
  harbor: readHarbor,
  gitea: readGitea,
  distribution: readDistribution,
}

/** https://docs.docker.com/docker-hub/repos/manage/webhooks/; its callback is never called. */
function readDockerHub(payload: Payload): readonly string[] | Ignored {
  if (text(record(payload['push_data'])?.['tag']) === null) return 'it brings no tag'
  return [`docker.io/${text(record(payload['repository'])?.['repo_name']) ?? ''}`]
}

/** https://docs.quay.io/guides/notifications.html: a push has tags, other events have not. */
function readQuay(payload: Payload): readonly string[] | Ignored {
  const tags = payload['updated_tags']
  // An object of tags and image ids in older versions.
  const count = isRecord(tags) ? Object.keys(tags).length : list(tags).length
  if (count === 0) return 'it brings no tag'
  return [text(payload['docker_url']) ?? '']
}

/** https://goharbor.io/docs/main/working-with-projects/project-configuration/configure-webhooks/; also as CloudEvents. */
function readHarbor(payload: Payload): readonly string[] | Ignored {
  const type = text(payload['type']) ?? ''
  if (type !== 'PUSH_ARTIFACT' && type !== 'harbor.artifact.pushed') return 'it is no push'
  const data = record(payload['event_data']) ?? record(payload['data'])
  const resources = list(data?.['resources']).slice(0, MOST_EVENTS)
  return resources.flatMap((resource) => text(record(resource)?.['resource_url']) ?? [])
}

/** https://docs.gitea.com/usage/webhooks, event `package`; the registry answers at the host of its pages. */
function readGitea(payload: Payload): readonly string[] | Ignored {
  const found = record(payload['package'])
  if (text(found?.['type'])?.toLowerCase() !== 'container') return 'it is of no container image'
  if (payload['action'] !== 'created') return 'it brings no new image'
  const page = text(found?.['html_url']) ?? ''
  const owner = text(record(found?.['owner'])?.['login']) ?? ''
  const host = URL.canParse(page) ? new URL(page).host : ''
  return [`${host}/${owner}/${text(found?.['name']) ?? ''}`]
}

/** https://distribution.github.io/distribution/about/notifications/ */
function readDistribution(payload: Payload): readonly string[] | typeof EVERYTHING | Ignored {
  const events = list(payload['events'])
  if (events.length > MOST_EVENTS) return EVERYTHING
  const pushes = events.flatMap((event) => pushedBy(record(event) ?? {}))
  return pushes.length === 0 ? 'it pushes no tag' : pushes
}

// By the name under which it was pushed and by the registry's own: images may be written with either.
function pushedBy(event: Payload): readonly string[] {
  const target = record(event['target'])
  const repository = text(target?.['repository'])
  const isTagged = text(target?.['tag']) !== null
  const isManifest = MANIFESTS.has(text(target?.['mediaType']) ?? '')
  if (event['action'] !== 'push' || !isTagged || !isManifest || repository === null) return []
  const address = text(target?.['url']) ?? ''
  const hosts = [
    text(record(event['request'])?.['host']),
    URL.canParse(address) ? new URL(address).host : null,
  ]
  return hosts.flatMap((host) => (host === null ? [] : [`${host}/${repository}`]))
}

const MANIFESTS: ReadonlySet<string> = new Set([
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
])

function named(references: readonly string[]): readonly string[] | 'all' {
  const names = new Set<string>()
  for (const reference of references) {
    const name = nameOf(reference)
    if (name !== null) names.add(name)
  }
  return names.size > MOST_NAMED ? 'all' : [...names]
}

/** `host/path` without tag and digest, in lower case. */
function nameOf(reference: string): string | null {
  const slash = reference.indexOf('/')
  if (slash === -1 || reference.length > LONGEST_NAME) return null
  const host = reference.slice(0, slash)
  // Anything else before the slash would be read as one of Docker Hub's.
  if (!/[.:]/.test(host) && host !== 'localhost') return null
  const [path = ''] = reference.slice(slash + 1).split(/[:@]/, 1)
  try {
    return repositoryName(parseImageReference(`${host}/${path}`.toLowerCase()))
  } catch (thrown) {
    if (thrown instanceof MagosError) return null
    throw thrown
  }
}

function imageOf(repositories: readonly string[] | 'all'): Pick<Origin, 'image'> {
  const [image] = repositories
  return image === undefined || repositories === 'all' || repositories.length > 1 ? {} : { image }
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

function record(value: unknown): Payload | null {
  return isRecord(value) ? value : null
}

function isRecord(value: unknown): value is Payload {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
