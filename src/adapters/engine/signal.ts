import type { Signal } from '../../domain/settings/file-changes.ts'
import { signalChildOf } from '../../host/signal-child-of.ts'
import { askEngine, type EngineCommand } from './command.ts'
import { numberAt, parseDocuments, textAt } from './json.ts'

/** Under another one the process that the engine names may be a whole machine's. */
const PLAIN_RUNTIME = /^(?:.*\/)?(?:crun|runc|io\.containerd\.runc\.v\d)$/

/**
 * Sends a signal; one that is gone or does not run is fine, for it reads its files when it starts. It goes to the process
 * itself, as the engine's own `kill` would send it, for engines take every `kill` for the beginning of a stop: newer
 * podmans, and docker mostly, do not start such a container again when it crashes later.
 */
export async function signalContainers(
  engine: EngineCommand,
  ids: readonly string[],
  name: Signal,
  signal: AbortSignal,
): Promise<void> {
  for (const id of ids) {
    const main = await mainProcess(engine, id, signal)
    if (main === 'none') continue
    // conmon, or containerd's shim: both have the container's id on their command line.
    if (main !== 'unknown' && signalChildOf({ pid: main, word: id }, `SIG${name}`)) continue
    // Of another machine, another user's, or within another's walls.
    await askEngine(engine, ['kill', '--signal', name, id], { signal })
  }
}

async function mainProcess(
  engine: EngineCommand,
  id: string,
  signal: AbortSignal,
): Promise<number | 'none' | 'unknown'> {
  const { stdout } = await askEngine(engine, ['inspect', '--type', 'container', id], { signal })
  const [document] = parseDocuments(stdout) ?? []
  if (document === undefined) return 'unknown'
  const pid = numberAt(document, 'State', 'Pid')
  if (pid === 0) return 'none'
  const runtime = textAt(document, 'OCIRuntime') || textAt(document, 'HostConfig', 'Runtime')
  return PLAIN_RUNTIME.test(runtime) ? pid : 'unknown'
}
