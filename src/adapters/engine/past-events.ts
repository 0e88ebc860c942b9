import type { ContainerEvent } from '../../domain/container-event.ts'
import type { ObservedContainer } from '../../domain/deployment.ts'
import type { Clock } from '../../ports.ts'
import { askEngine, type EngineCommand } from './command.ts'
import { createReader, EVENT_FORMATS, eventFilters } from './events.ts'
import { parseDocuments, textAt } from './json.ts'
import { BEFORE, isTold, remembersStops } from './stopped.ts'

/** An engine that keeps many events is no reason to wait long: without them a container is judged by how it ended. */
const TIMEOUT = 10_000
const MAX_OUTPUT = 1 << 20
/** docker tells a stop once the container has ended, and podman once it was cleaned up after. */
const PAUSE = 1_000

export interface Asking {
  readonly engine: EngineCommand
  readonly clock: Clock
}

type Ended = Pick<ObservedContainer, 'id' | 'project' | 'service'>

/** What the engine says of a container that ended. */
interface End {
  /** ms since the epoch; 0 where it does not say. */
  readonly at: number
  readonly by: 'told' | 'nobody' | 'unknown'
}

/** As port `Engine` has it. Where events go to nobody, newer podmans are asked whether they were told to stop it. */
export async function pastEvents(
  { engine, clock }: Asking,
  containers: readonly Ended[],
  signal: AbortSignal,
): Promise<readonly ContainerEvent[]> {
  const ids = containers.map(({ id }) => id)
  const ends = ids.length === 0 ? new Map<string, End>() : await inspectEnds(engine, ids, signal)
  if (ends.size === 0) return []
  const asking = { engine, clock }
  let events = await readPast(asking, ends, signal)
  if (ids.some((id) => tells(events, id, 'died') && !tells(events, id, 'stopped'))) {
    await clock.sleep(PAUSE, signal)
    events = await readPast(asking, ends, signal)
  }
  const answers = containers.flatMap(({ id: container, project, service }): ContainerEvent[] => {
    const { by } = ends.get(container) ?? { by: 'unknown' }
    if (by === 'unknown' || tells(events, container, 'killed')) return []
    return [{ kind: by === 'told' ? 'stopped' : 'died', container, project, service }]
  })
  return [...events, ...answers]
}

async function inspectEnds(
  engine: EngineCommand,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, End>> {
  const args = ['inspect', '--type', 'container', ...ids]
  const { stdout } = await askEngine(engine, args, { signal, timeout: TIMEOUT })
  const remembers = await remembersStops(engine, signal)
  const documents = parseDocuments(stdout) ?? []
  const ends = new Map<string, End>()
  for (const document of documents) {
    const ended = Date.parse(textAt(document, 'State', 'FinishedAt'))
    const told = remembers && (await isTold(engine, document, signal)) ? 'told' : 'nobody'
    const by = remembers ? told : 'unknown'
    ends.set(textAt(document, 'Id'), { at: ended > 0 ? ended : 0, by })
  }
  return ends
}

async function readPast(
  { engine, clock }: Asking,
  ends: ReadonlyMap<string, End>,
  signal: AbortSignal,
): Promise<readonly ContainerEvent[]> {
  const { runtime } = engine
  const since = Math.min(...[...ends.values()].map((end) => end.at)) - BEFORE
  // podman ends by itself where it does not stream, and loses lines of its file where it is told when to end.
  const ending =
    runtime === 'podman' ? ['--stream=false'] : ['--until', new Date(clock.now()).toISOString()]
  const filters = [...ends.keys()].flatMap((id) => ['--filter', `container=${id}`])
  const from = ['--since', new Date(Math.max(0, since)).toISOString()]
  const format = ['--format', EVENT_FORMATS[runtime]]
  const args = ['events', ...from, ...ending, ...filters, ...eventFilters(runtime), ...format]
  const options = { signal, timeout: TIMEOUT, maxOutput: MAX_OUTPUT }
  const { exitCode, stdout } = await askEngine(engine, args, options)
  const read = createReader(runtime)
  return exitCode === 0 ? stdout.split('\n').flatMap((line) => read(line).events) : []
}

function tells(
  events: readonly ContainerEvent[],
  id: string,
  wanted: ContainerEvent['kind'],
): boolean {
  return events.some(({ container, kind }) => container === id && kind === wanted)
}
