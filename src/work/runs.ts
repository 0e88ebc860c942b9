import { isWaitedFor, type Event, type Origin } from '../domain/event.ts'
import type { Accepted } from '../ports.ts'

/**
 * What must not happen twice at one time. Reports go behind commits, in a lane of their own. Stacks have lanes too, which
 * their work enters one by one: no event holds all of them.
 */
export type Lane =
  | Shared
  | 'commit'
  | 'proposal'
  | 'review'
  | 'reach'
  | 'report'
  | 'installation'
  | `request ${string}`

/** Where many are at once; only rests are kept there. */
type Shared = 'deploy' | 'drift'

/** One piece of work: every pending event that says the same, as one. */
export interface Run {
  readonly event: Event
  readonly lanes: readonly Lane[]
  /** It starts when nobody is in these, which stay free. */
  readonly behind: readonly Lane[]
  readonly ids: readonly number[]
  readonly origins: readonly Origin[]
  /** Tries that failed; of several events, the most. */
  readonly attempts: number
  /** When the oldest of its events was accepted; 0 and 1 for what comes before every other. */
  readonly since: number
  readonly dueAt: number
  /** Events that a newer one among `ids` made pointless. */
  readonly superseded: readonly number[]
}

const LANES: Readonly<Record<Exclude<Event['kind'], Request>, readonly Lane[]>> = {
  'image-published': ['commit'],
  'revision-pushed': ['deploy'],
  'proposals-due': ['proposal'],
  'pull-request-changed': ['review'],
  'versions-requested': ['commit'],
  'commit-reached': ['reach'],
  'update-failed': ['commit'],
  'drift-detected': ['drift'],
  'report-due': ['report'],
  'installation-changed': ['installation'],
}

/** They commit and deploy, and enter either lane themselves; the same twice has nothing to do at once. */
type Request = 'sync-requested' | 'rollback-requested'

function lanesOf(event: Event): readonly Lane[] {
  const isRequest = event.kind === 'sync-requested' || event.kind === 'rollback-requested'
  return isRequest ? [`request ${groupOf(event)}`] : LANES[event.kind]
}

/** Whoever looks at the branch has to know where the pass before it brought the host, or that would be told again. */
const LOOKING: ReadonlySet<Event['kind']> = new Set([
  'revision-pushed',
  'sync-requested',
  'rollback-requested',
  'drift-detected',
])

export interface RunSettings {
  /** ms from the first published image to the run that takes all of them. */
  readonly debounce: number
  readonly now: number
}

/** The runs that the pending events make, oldest first. */
export function planRuns(
  pending: readonly Accepted[],
  { debounce, now }: RunSettings,
): readonly Run[] {
  const groups = Map.groupBy(pending, ({ event }) => groupOf(event))
  return [...groups.values()].map((rows) => planRun(rows, { debounce, now }))
}

/** Events with one name are worked off together. */
function groupOf(event: Event): string {
  switch (event.kind) {
    case 'sync-requested':
      return `${event.kind} ${JSON.stringify([event.stack, event.removals])}`
    case 'update-failed':
      return `${event.kind} ${JSON.stringify(event.stack)}`
    case 'rollback-requested':
    case 'versions-requested':
      return JSON.stringify(event)
    case 'report-due':
      return `${event.kind} ${JSON.stringify([event.report.kind, event.report.commit, event.report.context])}`
    default:
      return event.kind
  }
}

function planRun(rows: readonly Accepted[], { debounce, now }: RunSettings): Run {
  const event = unite(rows)
  // Only the newest report of a context is worth telling.
  const taken = event.kind === 'report-due' ? rows.slice(-1) : rows
  return {
    event,
    lanes: lanesOf(event),
    behind: LOOKING.has(event.kind) ? ['reach'] : [],
    ids: taken.map(({ id }) => id),
    origins: taken.map(({ origin }) => origin),
    attempts: taken.reduce((most, { attempts }) => Math.max(most, attempts), 0),
    since: precedence(event) ?? earliest(taken.map(({ acceptedAt }) => acceptedAt)),
    dueAt: dueAt(taken, { debounce, now }),
    superseded: rows.slice(0, rows.length - taken.length).map(({ id }) => id),
  }
}

/**
 * Where a pass brought the host is known before the next one asks, or that would tell of the commit again. And a person
 * goes before hints, or what a dead process left would do the work of a `sync`, whose answer would not tell of it.
 */
function precedence(event: Event): number | null {
  if (event.kind === 'commit-reached') return 0
  return isWaitedFor(event) ? 1 : null
}

function unite(rows: readonly Accepted[]): Event {
  const events = rows.map(({ event }) => event)
  const published = events.filter((event) => event.kind === 'image-published')
  if (published.length > 0) {
    return { kind: 'image-published', repositories: uniteRepositories(published) }
  }
  const pulls = events.filter((event) => event.kind === 'pull-request-changed')
  if (pulls.length > 0) {
    const named = pulls.flatMap(({ numbers }) => (numbers === 'all' ? [] : numbers))
    const all = pulls.some(({ numbers }) => numbers === 'all')
    return { kind: 'pull-request-changed', numbers: all ? 'all' : [...new Set(named)] }
  }
  const proposals = events.filter((event) => event.kind === 'proposals-due')
  if (proposals.length > 0) {
    const branches = [...new Set(proposals.flatMap((event) => event.branches))]
    return { kind: 'proposals-due', repositories: uniteRepositories(proposals), branches }
  }
  const drifts = events.filter((event) => event.kind === 'drift-detected')
  if (drifts.length > 0) {
    const departures = drifts.flatMap((one) => one.departures)
    // Of one container the newest word counts.
    const newest = new Map(departures.map((one) => [one.container, one]))
    const looks = Math.max(...drifts.map((one) => one.looks ?? 0))
    const looked = looks === 0 ? {} : { looks }
    return { kind: 'drift-detected', departures: [...newest.values()], ...looked }
  }
  const synced = events.filter((event) => event.kind === 'sync-requested')
  const [first] = synced
  if (first !== undefined) {
    const asked = synced.flatMap(({ askedAt }) => askedAt ?? [])
    // Whoever asked first has to be told most.
    return { ...first, ...(asked.length === 0 ? {} : { askedAt: earliest(asked) }) }
  }
  const newest = events.at(-1)
  if (newest === undefined) throw new TypeError('A group of events has at least one')
  return newest
}

function uniteRepositories(
  events: readonly { readonly repositories: readonly string[] | 'all' }[],
): readonly string[] | 'all' {
  const lists = events.map(({ repositories }) => repositories)
  const named = lists.filter((list) => list !== 'all')
  return named.length < lists.length ? 'all' : [...new Set(named.flat())]
}

/**
 * One push of an image is several deliveries, so the first opens a window and waits for the others; the window never
 * grows. What was tried already, and what nobody else will follow, is due when it says.
 */
function dueAt(rows: readonly Accepted[], { debounce, now }: RunSettings): number {
  // The clock was set back: those times say nothing any more.
  if (rows.some(({ acceptedAt }) => acceptedAt > now)) return now
  const windows = rows
    .filter(({ event, origin, attempts }) => {
      return event.kind === 'image-published' && origin.source === 'webhook' && attempts === 0
    })
    .map(({ acceptedAt }) => acceptedAt + debounce)
  return earliest(windows.length > 0 ? windows : rows.map((row) => row.dueAt))
}

/** Without a spread: a flood makes more arguments than a call may have. */
function earliest(times: readonly number[]): number {
  return times.reduce((first, time) => Math.min(first, time), Infinity)
}
