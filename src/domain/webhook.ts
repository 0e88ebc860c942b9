import { MagosError } from './error.ts'
import type { Event, Origin } from './event.ts'
import { parseImageReference, repositoryName } from './image-reference.ts'
import { readJsonMembers } from './json-members.ts'

/** A delivery whose signature was right. Its headers are not signed and only name things. */
export interface Delivery {
  /** `X-GitHub-Event`. */
  readonly event: string
  /** `X-GitHub-Delivery`. */
  readonly delivery: string
  /** SHA-256 of the signed body, hex. */
  readonly body: string
  readonly payload: Readonly<Record<string, unknown>>
}

/** What this daemon watches; null where that is not known, and then everything fits. */
export interface Watched {
  /** `owner/name`. */
  readonly repository: string | null
  readonly branch: string | null
}

export type Hint =
  | { readonly outcome: 'accepted'; readonly event: Event; readonly origin: Origin }
  | { readonly outcome: 'ignored'; readonly reason: string }
  | { readonly outcome: 'pong' }

/** Bytes of a hint as JSON, event and origin together, at the most. */
const LARGEST_HINT = 1_024
/** Host, path and tag, at the most: it stands in a hint twice. */
const LONGEST_NAME = 400

/**
 * What of a body `readDelivery` looks at; null when it is no JSON object. Of the common and large events only the members
 * that count are parsed, so what stands behind them is not even looked at.
 */
export function parsePayload(
  event: string,
  body: string,
): Readonly<Record<string, unknown>> | null {
  const members = MEMBERS.get(event)
  const found = members === undefined ? null : readJsonMembers(body, members)
  return found ?? parseObject(body)
}

const MEMBERS: ReadonlyMap<string, readonly string[]> = new Map([['push', ['ref', 'repository']]])

/**
 * What a delivery hints at. Nothing of its content is believed beyond which image, branch or installation to look at anew;
 * whatever is odd in it is a reason to ignore it. Field map: https://docs.github.com/webhooks/webhook-events-and-payloads
 */
export function readDelivery(delivery: Delivery, watched: Watched): Hint {
  const { event } = delivery
  if (event === 'ping') return { outcome: 'pong' }
  if (event === 'push') return readPush(delivery, watched)
  if (event === 'registry_package' || event === 'package') return readPackage(delivery)
  if (PULL_EVENTS.has(event)) return readPullEvent(delivery, watched)
  if (event === 'installation' || event.startsWith('installation_')) {
    return accepted(delivery, { kind: 'installation-changed' }, {})
  }
  return ignored(`the event "${identifier(event)}" means nothing to Magos`)
}

function readPush(delivery: Delivery, watched: Watched): Hint {
  const { payload } = delivery
  const repository = text(record(payload['repository'])?.['full_name'])
  const ref = text(payload['ref'])
  if (repository === null || ref === null) return ignored('the push names no repository or no ref')
  if (watched.repository !== null && !sameName(repository, watched.repository)) {
    return ignored(`the push is to another repository, "${clean(repository, 140)}"`)
  }
  if (!ref.startsWith('refs/heads/')) return ignored(`"${clean(ref, 140)}" is no branch`)
  if (watched.branch !== null && ref !== `refs/heads/${watched.branch}`) {
    return ignored(`the push is to another branch, "${clean(ref, 140)}"`)
  }
  return accepted(delivery, { kind: 'revision-pushed' }, { ref })
}

/** Each of them may be what a pull request of ours waits for. */
const PULL_EVENTS: ReadonlySet<string> = new Set([
  'pull_request',
  'pull_request_review',
  'check_suite',
  'check_run',
  'status',
])

/** After these a pull request has another head. */
const HEAD_ACTIONS: ReadonlySet<string> = new Set(['opened', 'synchronize', 'reopened'])

/** Branches of our own pull requests begin so, on whatever host. */
const OWN_BRANCH = /^magos\/[a-z0-9-]{1,60}\/[a-z0-9-]{1,80}$/u

function readPullEvent(delivery: Delivery, watched: Watched): Hint {
  const { event, payload } = delivery
  const repository = text(record(payload['repository'])?.['full_name'])
  if (repository === null) return ignored(`the ${event} event names no repository`)
  if (watched.repository !== null && !sameName(repository, watched.repository)) {
    return ignored(`it is about another repository, "${clean(repository, 140)}"`)
  }
  const number = payload['number']
  const action = text(payload['action']) ?? ''
  if (event === 'pull_request' && HEAD_ACTIONS.has(action) && typeof number === 'number') {
    return accepted(delivery, { kind: 'pull-request-changed', numbers: [number] }, {})
  }
  const ref = branchesOf(delivery).find((name) => OWN_BRANCH.test(name))
  if (ref === undefined) return ignored(`the ${event} event is about no pull request of Magos`)
  return accepted(delivery, { kind: 'proposals-due', repositories: [], branches: [ref] }, { ref })
}

/** Where GitHub says for which branch it happened. */
function branchesOf({ event, payload }: Delivery): readonly string[] {
  const listed: unknown = payload['branches']
  const named = Array.isArray(listed) ? listed.map((one: unknown) => record(one)?.['name']) : []
  const run = record(payload['check_run'])
  const found =
    event === 'status'
      ? named
      : [
          record(record(payload['pull_request'])?.['head'])?.['ref'],
          record(payload['check_suite'])?.['head_branch'],
          record(run?.['check_suite'])?.['head_branch'],
        ]
  return found.flatMap((name) => text(name) ?? [])
}

/** By image alone, whatever repository the package is linked to: several may build what one deploys. */
function readPackage(delivery: Delivery): Hint {
  const { event, payload } = delivery
  const action = text(payload['action'])
  if (action !== 'published' && action !== 'updated') {
    return ignored(`the action "${identifier(action ?? '')}" brings no new image`)
  }
  const found = record(payload['registry_package']) ?? record(payload['package'])
  if (found === null) return ignored(`the ${event} event names no package`)
  if (!isContainer(found)) return ignored('the package is no container image')
  const image = packageUrl(found) ?? packageName(found)
  if (image === null) return ignored('the package has no name that an image can have')
  return accepted(delivery, { kind: 'image-published', repositories: [image] }, { image })
}

function isContainer(found: Readonly<Record<string, unknown>>): boolean {
  const types = [found['package_type'], found['ecosystem'], record(found['registry'])?.['type']]
  return types.some((type) => text(type)?.toUpperCase() === 'CONTAINER')
}

/** `ghcr.io/owner/name:tag`; the tag may be empty, as it is for the children of an index. */
function packageUrl(found: Readonly<Record<string, unknown>>): string | null {
  const url = text(record(found['package_version'])?.['package_url'])
  return url === null ? null : imageName(url.replace(/^https?:\/\//, ''))
}

function packageName(found: Readonly<Record<string, unknown>>): string | null {
  const owner = text(found['namespace']) ?? text(record(found['owner'])?.['login'])
  const name = text(found['name'])
  return owner === null || name === null ? null : imageName(`ghcr.io/${owner}/${name}`)
}

/** `host/path` without tag and digest, in lower case: GitHub keeps the case of owners, registries know none. */
function imageName(reference: string): string | null {
  if (reference.length > LONGEST_NAME) return null
  const slash = reference.indexOf('/')
  const host = reference.slice(0, slash)
  // Anything else before the slash would be read as one of Docker Hub's.
  if (!host.includes('.') && !host.includes(':')) return null
  const [path = ''] = reference.slice(slash + 1).split(/[:@]/, 1)
  try {
    return repositoryName(parseImageReference(`${host}/${path}`.toLowerCase()))
  } catch (thrown) {
    if (thrown instanceof MagosError) return null
    throw thrown
  }
}

function accepted(
  { event: name, delivery, body, payload }: Delivery,
  event: Event,
  { ref, image }: Pick<Origin, 'ref' | 'image'>,
): Hint {
  const action = text(payload['action'])
  const repository = text(record(payload['repository'])?.['full_name'])
  const origin: Origin = {
    source: 'webhook',
    event: identifier(name),
    delivery: identifier(delivery),
    body,
    ...(image === undefined ? {} : { image }),
    ...(ref === undefined ? {} : { ref: clean(ref, 255) }),
    ...(repository === null ? {} : { repository: clean(repository, 140) }),
    ...(action === null ? {} : { action: identifier(action) }),
  }
  return { outcome: 'accepted', event, origin: fitted(event, origin) }
}

/** Leaves details out, the least telling first, until the hint is small enough. */
function fitted(event: Event, origin: Origin): Origin {
  let kept: Origin = origin
  for (const detail of ['action', 'repository', 'ref', 'image'] as const) {
    if (fits({ event, origin: kept })) return kept
    const { [detail]: _, ...rest } = kept
    kept = rest
  }
  return kept
}

function fits(hint: unknown): boolean {
  const json = JSON.stringify(hint)
  // No UTF-16 unit takes more than three bytes, so most need no counting.
  return json.length * 3 <= LARGEST_HINT || new TextEncoder().encode(json).length <= LARGEST_HINT
}

function ignored(reason: string): Hint {
  return { outcome: 'ignored', reason }
}

/** Without what could steer a terminal or break a line, and no longer than `length`. */
function clean(value: string, length: number): string {
  return value
    .slice(0, length * 2)
    .replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '')
    .slice(0, length)
    .toWellFormed()
}

/** Names of events and deliveries are plain; whatever is not has no business in a log. */
function identifier(value: string): string {
  return value.slice(0, 64).replace(/[^\w.:-]/g, '')
}

function sameName(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase()
}

function parseObject(content: string): Readonly<Record<string, unknown>> | null {
  try {
    return record(JSON.parse(content))
  } catch {
    return null
  }
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

function record(value: unknown): Readonly<Record<string, unknown>> | null {
  return isRecord(value) ? value : null
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
