import { endsAsStopped } from '../../domain/deploy/ends-as-stopped.ts'
import type { EngineCommand } from './command.ts'
import { eventTime } from './event-time.ts'
import { at, numberAt, parseDocuments, textAt } from './json.ts'

/** For a question whose answer may as well be no. */
const PATIENCE = 10_000
/** ms before an end: a signal longer ago, such as one to read files again, ended nothing. */
export const BEFORE = 15_000

/** Whether the engine can be asked of a container that ended; podman up to 4.3 does not know, and docker tells by events. */
export async function remembersStops(
  { runtime, run }: EngineCommand,
  signal: AbortSignal,
): Promise<boolean> {
  if (runtime !== 'podman') return false
  const { stdout } = await run(runtime, ['--version'], { signal, timeout: PATIENCE })
  const [, major, minor] = /(\d+)\.(\d+)/.exec(stdout)?.map(Number) ?? []
  return major !== undefined && minor !== undefined && (major > 4 || (major === 4 && minor > 3))
}

/** Whether podman was told to stop the container since it was started; no for one that is gone. */
export async function wasStopped(
  engine: EngineCommand,
  id: string,
  signal: AbortSignal,
): Promise<boolean> {
  const { runtime, run } = engine
  const args = ['inspect', '--type', 'container', id]
  const { stdout } = await run(runtime, args, { signal, timeout: PATIENCE })
  return isTold(engine, parseDocuments(stdout)?.[0], signal)
}

/**
 * What podman shows of a container that ended. It takes every signal for a stop until the next start, one to read files
 * again too; behind such a one only how the container ended can tell. `StoppedByUser` is left out where it is not so.
 */
export async function isTold(
  engine: EngineCommand,
  document: unknown,
  signal: AbortSignal,
): Promise<boolean> {
  if (at(document, 'State', 'StoppedByUser') !== true) return false
  const isOutOfMemory = at(document, 'State', 'OOMKilled') === true
  const end = isOutOfMemory ? ({ end: 'out-of-memory' } as const) : {}
  if (endsAsStopped({ ...end, exitCode: numberAt(document, 'State', 'ExitCode') })) return true
  return !(await wasSignalled(engine, document, signal))
}

async function wasSignalled(
  { runtime, run }: EngineCommand,
  document: unknown,
  signal: AbortSignal,
): Promise<boolean> {
  const [started, ended] = ['StartedAt', 'FinishedAt'].map((key) =>
    Date.parse(textAt(document, 'State', key)),
  )
  if (!started || !ended || started < 0) return false
  const filters = [`container=${textAt(document, 'Id')}`, 'type=container', 'event=kill']
  const since = ['--since', new Date(started).toISOString(), '--stream=false']
  const which = filters.flatMap((filter) => ['--filter', filter])
  const args = ['events', ...since, ...which, '--format', 'json']
  const { stdout } = await run(runtime, args, { signal, timeout: PATIENCE })
  const times = (parseDocuments(stdout) ?? []).map(eventTime)
  return times.some((time) => time > 0 && time < ended - BEFORE)
}
