import type { ContainerEvent } from '../../domain/container-event.ts'
import type { FollowChild } from '../../host/follow-child.ts'
import type { Clock, Log } from '../../ports.ts'
import { lastWords, type EngineCommand, type Runtime } from './command.ts'
import { eventTime } from './event-time.ts'
import { at, parseDocuments, textAt } from './json.ts'
import { BEFORE, remembersStops, wasStopped } from './stopped.ts'

export interface Following {
  readonly engine: EngineCommand
  readonly follow: FollowChild
  readonly clock: Clock
  readonly log: Log
}

const FIRST_PAUSE = 1_000
const LONGEST_PAUSE = 60_000
/** A stream that lasted so long was a good one: the next pause is the first again. */
const GOOD = 60_000

/**
 * Container events of compose projects for as long as the signal allows. A stream that ends is opened again, later each
 * time, and what may have been lost meanwhile is told as `missed`.
 */
export async function* containerEvents(
  following: Following,
  signal: AbortSignal,
): AsyncGenerator<ContainerEvent, void> {
  const { engine, follow, clock, log } = following
  const { runtime } = engine
  let pause = FIRST_PAUSE
  while (!signal.aborted) {
    const began = clock.now()
    const reader = createReader(runtime)
    const remembers = await remembersStops(engine, signal)
    const lines = follow(runtime, eventArguments(runtime), { signal })
    let next = await lines.next()
    for (; !next.done; next = await lines.next()) {
      const { events, doubt } = reader(next.value)
      yield* events
      if (!remembers || doubt === null) continue
      if (await wasStopped(engine, doubt.container, signal)) yield doubt
    }
    if (signal.aborted) return
    if (clock.now() - began >= GOOD) pause = FIRST_PAUSE
    const reason =
      next.value.outcome === 'absent' ? 'no such program' : lastWords(next.value.stderr)
    log.warn({ reason, pause }, `Events of ${runtime} ended: asking again, sweeps go on`)
    await clock.sleep(pause, signal).catch(() => undefined)
    pause = Math.min(LONGEST_PAUSE, pause * 2)
    if (!signal.aborted) yield { kind: 'missed', container: '', project: '', service: '' }
  }
}

function eventArguments(runtime: Runtime): readonly string[] {
  return ['events', ...eventFilters(runtime), '--format', EVENT_FORMATS[runtime]]
}

export const EVENT_FORMATS: Readonly<Record<Runtime, string>> = {
  podman: 'json',
  docker: '{{json .}}',
}

/** Health checks make most of an engine's events; they are left out at the source. */
export function eventFilters(runtime: Runtime): readonly string[] {
  const kinds =
    runtime === 'podman'
      ? ['start', 'died', 'kill', 'stop', 'cleanup', 'remove']
      : ['start', 'die', 'kill', 'stop', 'destroy']
  const filters = ['type=container', ...kinds.map((kind) => `event=${kind}`)]
  return filters.flatMap((filter) => ['--filter', filter])
}

const KINDS: Readonly<Record<string, ContainerEvent['kind']>> = {
  start: 'started',
  died: 'died',
  die: 'died',
  kill: 'killed',
  stop: 'stopped',
  remove: 'removed',
  destroy: 'removed',
}

/** What one line says, and the stop that it may be: whoever reads has to ask the engine. */
interface Read {
  readonly events: readonly ContainerEvent[]
  readonly doubt: ContainerEvent | null
}

const NOTHING: Read = { events: [], doubt: null }

/**
 * Reads the lines of one stream. podman mostly swallows its `stop`, where the container's monitor is the first to clean
 * up. Up to 4.3 whoever stopped it cleans up once more; newer ones remember the stop beside the container.
 */
export function createReader(runtime: Runtime): (line: string) => Read {
  const cleanedUp = new Set<string>()
  /** Until when an end was asked for. */
  const explained = new Map<string, number>()
  return (line) => {
    const document = parseDocuments(line)?.[0]
    const isPodman = runtime === 'podman'
    const action = isPodman ? textAt(document, 'Status') : textAt(document, 'Action')
    const container = isPodman ? textAt(document, 'ID') : textAt(document, 'Actor', 'ID')
    const labels = isPodman ? at(document, 'Attributes') : at(document, 'Actor', 'Attributes')
    const project = textAt(labels, 'com.docker.compose.project')
    if (container === '' || project === '') return NOTHING
    const service =
      textAt(labels, 'com.docker.compose.service') || textAt(labels, 'io.podman.compose.service')
    const stopped = { kind: 'stopped', container, project, service } as const
    if (action === 'cleanup') {
      if (!isFirst(cleanedUp, container)) return { events: [stopped], doubt: null }
      const isExplained = eventTime(document) < (explained.get(container) ?? 0)
      return { events: [], doubt: isExplained ? null : stopped }
    }
    const kind = KINDS[action]
    if (kind === undefined) return NOTHING
    if (kind === 'stopped') explained.set(container, Infinity)
    if (kind === 'killed') explained.set(container, eventTime(document) + BEFORE)
    if (kind === 'started' || kind === 'removed') {
      cleanedUp.delete(container)
      explained.delete(container)
    }
    return { events: [{ ...stopped, kind }], doubt: null }
  }
}

function isFirst(seen: Set<string>, id: string): boolean {
  const before = seen.size
  seen.add(id)
  return seen.size > before
}
