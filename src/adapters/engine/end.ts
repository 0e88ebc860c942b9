import { MagosError } from '../../domain/error.ts'
import type { ChildResult } from '../../host/process.ts'
import type { Clock } from '../../ports.ts'
import { askEngine, engineError, lastWords, saidLines } from './command.ts'
import type { EngineCommand, Runtime } from './command.ts'

/** A container may ask for a long grace before it is killed. */
const TIMEOUT = 300_000
/** A container in a crash loop may die or start just while it is stopped, and podman then gives up on it. */
const TRIES = 5
const PAUSE = 200
/** Of a stop, which comes too early or too late for a crash loop about every other time. */
const STOPS = 40
/** Looks after a stop that show it down, each behind a pause. */
const LOOKS = 3
/** For whoever has to clean up after a container that died; where nobody does it stays as it is. */
const PATIENCE = 15_000
const DOING: Readonly<Record<string, string>> = { rm: 'Remove', stop: 'Stop', restart: 'Restart' }

export interface Ending {
  readonly engine: EngineCommand
  readonly clock: Clock
}

/** Stops, then removes; volumes stay. One that is gone already is fine; throws `stack` for one that will not go. */
export async function removeContainers(
  { engine, clock }: Ending,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  if (ids.length === 0) return
  for (let tries = 1; ; tries += 1) {
    const refusal = await stopAndRemove(engine, ids, signal)
    if (refusal === null) return
    if (tries === TRIES) throw refused(engine.runtime, 'rm', refusal)
    await clock.sleep(PAUSE, signal)
  }
}

/** Stops what runs; one that is gone or stopped already is fine. Throws `stack` for one that will not stop. */
export async function stopContainers(
  ending: Ending,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  if (ids.length === 0) return
  const ignore = ending.engine.runtime === 'podman' ? ['--ignore'] : []
  for (let tries = 1; tries <= STOPS; tries += 1) {
    await insist(ending, ['stop', ...ignore], ids, signal)
    if (await staysDown(ending, ids, signal)) return
  }
}

/**
 * podman does nothing about a container that is dead and not cleaned up yet (`stopped`), and whoever cleans up after a
 * crash starts it once more, however late: only `exited` is the end.
 */
async function staysDown(
  { engine, clock }: Ending,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<boolean> {
  const patience = clock.now() + PATIENCE
  for (let quiet = 0; quiet < LOOKS; quiet += 1) {
    await clock.sleep(PAUSE, signal)
    const format = ['--format', '{{.State.Status}}']
    const { stdout } = await askEngine(engine, ['inspect', ...format, ...ids], { signal })
    if (/^(?:running|restarting|initialized)$/m.test(stdout)) return false
    if (/^(?:stopped|stopping)$/m.test(stdout) && clock.now() < patience) quiet = -1
  }
  return true
}

/** Starts anew what runs or not; one that is gone is fine. Throws `stack` for one that does not start. */
export async function restartContainers(
  ending: Ending,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  // Of several podman restarts none where one is gone.
  for (const id of ids) await insist(ending, ['restart'], [id], signal)
}

async function insist(
  { engine, clock }: Ending,
  command: readonly string[],
  ids: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  if (ids.length === 0) return
  for (let tries = 1; ; tries += 1) {
    const result = await askEngine(engine, [...command, ...ids], { signal, timeout: TIMEOUT })
    const isDone = result.outcome === 'exited' && complaints(result.stderr).length === 0
    if (result.exitCode === 0 || isDone) return
    if (tries === TRIES) throw refused(engine.runtime, command[0] ?? '', result)
    await clock.sleep(PAUSE, signal)
  }
}

/** The engine is there and says no: another container needs this one, or its storage is busy. */
function refused(runtime: Runtime, verb: string, refusal: ChildResult): MagosError {
  const words = lastWords(refusal.stderr)
  if (refusal.outcome !== 'exited' || words === '') {
    return engineError(runtime, `${runtime} ${verb}`, refusal)
  }
  return new MagosError(
    'stack',
    `${DOING[verb] ?? 'Change'} containers by "${runtime} ${verb}": ${words}`,
    {
      remedy: `Do it by hand to what it names, with "${runtime} ${verb}"`,
    },
  )
}

/** What the removal said where one is left; what the stop said does not matter then. */
async function stopAndRemove(
  engine: EngineCommand,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<ChildResult | null> {
  const ignore = engine.runtime === 'podman' ? ['--ignore'] : []
  const options = { signal, timeout: TIMEOUT }
  await askEngine(engine, ['stop', ...ignore, ...ids], options)
  const removal = await askEngine(engine, ['rm', ...ignore, ...ids], options)
  const isDone = removal.outcome === 'exited' && complaints(removal.stderr).length === 0
  return removal.exitCode === 0 || isDone ? null : removal
}

/** What docker says beside "No such container", of which it makes an exit code. */
function complaints(stderr: string): readonly string[] {
  return saidLines(stderr).filter((line) => !/no such container/i.test(line))
}
