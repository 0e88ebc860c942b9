import { platformOf, type Platform } from '../domain/platform.ts'
import type { Engine, Log } from '../ports.ts'

/** What the engine runs; an engine that does not answer now runs this machine's own, as engines mostly do. */
export async function enginePlatform(
  engine: Engine,
  log: Log,
  signal: AbortSignal,
): Promise<Platform> {
  try {
    const { os, architecture } = await engine.info(signal)
    return platformOf(os, architecture)
  } catch (error) {
    signal.throwIfAborted()
    log.warn({ error }, 'Cannot ask the engine for its platform: taking this machine’s')
    return machinePlatform()
  }
}

/** What the engine of a machine such as this one would run. */
export function machinePlatform(): Platform {
  // Containers are Linux's on every system.
  return platformOf('linux', process.arch)
}
