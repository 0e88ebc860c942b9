import { MagosError } from '../../domain/error.ts'
import type { RunChild } from '../../host/process.ts'
import type { Runtime } from './command.ts'

/**
 * Which engine this host has: the preferred one, else podman, else docker. Looks for the program only, so an engine
 * that is merely down is still chosen. Throws `engine` where there is none.
 */
export async function probeEngine(
  run: RunChild,
  preferred: Runtime | null,
  signal: AbortSignal,
): Promise<Runtime> {
  const candidates: readonly Runtime[] = preferred === null ? ['podman', 'docker'] : [preferred]
  for (const runtime of candidates) {
    const { outcome } = await run(runtime, ['--version'], { signal, timeout: 10_000 })
    if (outcome === 'cancelled') throw new MagosError('interrupted', 'Find the engine: interrupted')
    if (outcome !== 'absent') return runtime
  }
  const names = candidates.map((name) => `"${name}"`).join(' nor ')
  throw new MagosError('engine', `Find a container engine: there is no ${names} in the PATH`, {
    remedy:
      preferred === null
        ? 'Install podman (or docker)'
        : `Install ${preferred}, or unset MD_RUNTIME so that podman and docker are looked for`,
  })
}
