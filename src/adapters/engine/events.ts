import type { ContainerEvent } from '../../domain/container-event.ts'
import type { FollowChild } from '../../host/follow-child.ts'
import type { Clock, Log } from '../../ports.ts'
import { lastWords, type Runtime } from './command.ts'
import { at, parseDocuments, textAt } from './json.ts'

export interface Following {
  readonly runtime: Runtime
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
  const { runtime, follow, clock, log } = following
  let pause = FIRST_PAUSE
  while (!signal.aborted) {
    const began = clock.now()
    const reader = createReader(runtime)
    const lines = follow(runtime, eventArguments(runtime), { signal })
    let next = await lines.next()
    for (; !next.done; next = await lines.next()) yield* reader(next.value)
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

/** Health checks make most of an engine's events; they are left out at the source. */
function eventArguments(runtime: Runtime): readonly string[] {
  const kinds =
    runtime === 'podman'
      ? ['start', 'died', 'kill', 'stop', 'cleanup', 'remove']
      : ['start', 'die', 'kill', 'stop', 'destroy']
  const format = runtime === 'podman' ? 'json' : '{{json .}}'
  const filters = ['type=container', ...kinds.map((kind) => `event=${kind}`)]
  return ['events', ...filters.flatMap((filter) => ['--filter', filter]), '--format', format]
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

/**
 * Reads the lines of one stream. podman (4.3 at least) mostly swallows its `stop`: a container that it was told to stop
 * is cleaned up twice, by its monitor and by whoever stopped it, and one that died of itself only once.
 */
export function createReader(runtime: Runtime): (line: string) => readonly ContainerEvent[] {
  const cleanedUp = new Set<string>()
  return (line) => {
    const document = parseDocuments(line)?.[0]
    const isPodman = runtime === 'podman'
    const action = isPodman ? textAt(document, 'Status') : textAt(document, 'Action')
    const container = isPodman ? textAt(document, 'ID') : textAt(document, 'Actor', 'ID')
    const labels = isPodman ? at(document, 'Attributes') : at(document, 'Actor', 'Attributes')
    const project = textAt(labels, 'com.docker.compose.project')
    if (container === '' || project === '') return []
    const service =
      textAt(labels, 'com.docker.compose.service') || textAt(labels, 'io.podman.compose.service')
    const kind = action === 'cleanup' && !isFirst(cleanedUp, container) ? 'stopped' : KINDS[action]
    if (kind === 'started' || kind === 'removed') cleanedUp.delete(container)
    return kind === undefined ? [] : [{ kind, container, project, service }]
  }
}

function isFirst(seen: Set<string>, id: string): boolean {
  const before = seen.size
  seen.add(id)
  return seen.size > before
}
