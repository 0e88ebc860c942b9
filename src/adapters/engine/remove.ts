import { askEngine, engineError } from './command.ts'
import type { EngineCommand } from './command.ts'

/** A container may ask for a long grace before it is killed. */
const TIMEOUT = 300_000

/** Stops, then removes; volumes stay. One that is gone already is fine; throws `engine` for one that will not go. */
export async function removeContainers(
  engine: EngineCommand,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  if (ids.length === 0) return
  for (const verb of ['stop', 'rm']) {
    const ignore = engine.runtime === 'podman' ? ['--ignore'] : []
    const args = [verb, ...ignore, ...ids]
    const result = await askEngine(engine, args, { signal, timeout: TIMEOUT })
    const refused = result.outcome !== 'exited' || complaints(result.stderr).length > 0
    if (result.exitCode !== 0 && refused) {
      throw engineError(engine.runtime, `${engine.runtime} ${verb}`, result)
    }
  }
}

/** What docker says beside "No such container", of which it makes an exit code. */
function complaints(stderr: string): readonly string[] {
  return stderr.split('\n').filter((line) => line.trim() !== '' && !/no such container/i.test(line))
}
