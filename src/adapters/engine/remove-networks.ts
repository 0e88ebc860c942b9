import { askEngine, type EngineCommand } from './command.ts'

/** Every provider puts it on the networks that it makes, and on no external one. */
const LABEL = 'com.docker.compose.project'

/**
 * Removes the networks that a provider made for a project, never by force, and none that any container hangs on, running
 * or not: podman refuses that itself, docker for running ones alone. Returns the names of those that are gone.
 */
export async function removeNetworks(
  engine: EngineCommand,
  project: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const filter = `label=${LABEL}=${project}`
  const listed = await askEngine(
    engine,
    ['network', 'ls', '--filter', filter, '--format', '{{.Name}}'],
    { signal },
  )
  if (listed.outcome !== 'exited' || listed.exitCode !== 0) return []
  const removed: string[] = []
  for (const name of listed.stdout.split('\n').map((line) => line.trim())) {
    if (name === '' || (await isNeeded(engine, name, signal))) continue
    const { outcome, exitCode } = await askEngine(engine, ['network', 'rm', name], { signal })
    if (outcome === 'exited' && exitCode === 0) removed.push(name)
  }
  return removed
}

/** Whether docker has a stopped container on it, which could not start without it; podman sees to that itself. */
async function isNeeded(
  engine: EngineCommand,
  network: string,
  signal: AbortSignal,
): Promise<boolean> {
  if (engine.runtime === 'podman') return false
  const attached = ['ps', '--all', '--quiet', '--filter', `network=${network}`]
  const { outcome, exitCode, stdout } = await askEngine(engine, attached, { signal })
  return outcome !== 'exited' || exitCode !== 0 || stdout.trim() !== ''
}
