import { MagosError } from '../../domain/error.ts'
import type { ChildResult } from '../../host/process.ts'
import type { Clock } from '../../ports.ts'
import { askEngine, engineError, lastWords } from './command.ts'
import type { EngineCommand, Runtime } from './command.ts'

/** A container may ask for a long grace before it is killed. */
const TIMEOUT = 300_000
/** A container in a crash loop may die or start just while it is stopped, and podman then gives up on it. */
const TRIES = 5
const PAUSE = 200

/** Stops, then removes; volumes stay. One that is gone already is fine; throws `stack` for one that will not go. */
export async function removeContainers(
  { engine, clock }: { readonly engine: EngineCommand; readonly clock: Clock },
  ids: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  if (ids.length === 0) return
  for (let tries = 1; ; tries += 1) {
    const refusal = await stopAndRemove(engine, ids, signal)
    if (refusal === null) return
    if (tries === TRIES) throw refused(engine.runtime, refusal)
    await clock.sleep(PAUSE, signal)
  }
}

/** The engine is there and says no: another container needs this one, or its storage is busy. */
function refused(runtime: Runtime, refusal: ChildResult): MagosError {
  const words = lastWords(refusal.stderr)
  if (refusal.outcome !== 'exited' || words === '') {
    return engineError(runtime, `${runtime} rm`, refusal)
  }
  return new MagosError('stack', `Remove containers by "${runtime} rm": ${words}`, {
    remedy: `Remove what it names by hand, with "${runtime} rm"`,
  })
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
  return stderr.split('\n').filter((line) => line.trim() !== '' && !/no such container/i.test(line))
}
