import type { EngineCommand } from './command.ts'
import { at, parseDocuments } from './json.ts'

/** For a question whose answer may as well be no. */
const PATIENCE = 10_000

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

/** Whether podman was told to stop the container, or to kill it, since it was started; no for one that is gone. */
export async function wasStopped(
  { runtime, run }: EngineCommand,
  id: string,
  signal: AbortSignal,
): Promise<boolean> {
  const args = ['inspect', '--type', 'container', id]
  const { stdout } = await run(runtime, args, { signal, timeout: PATIENCE })
  return at(parseDocuments(stdout)?.[0], 'State', 'StoppedByUser') === true
}
