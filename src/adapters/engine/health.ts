import { existsSync } from 'node:fs'
import { askEngine } from './command.ts'
import type { EngineCommand } from './command.ts'
import type { Inspected } from './inspect.ts'

/** `when-no-systemd`: podman's own timers are systemd's, and without it no health check ever fires. */
export type DrivesHealthchecks = 'when-no-systemd' | 'always' | 'never'

export function shallDrive(engine: EngineCommand, drives: DrivesHealthchecks): boolean {
  if (engine.runtime !== 'podman' || drives === 'never') return false
  return drives === 'always' || !existsSync('/run/systemd/system')
}

/**
 * Whether a container's health is to be asked now. In the start period, when a failure does not count, at every look;
 * afterwards as its check's interval says, so that ours never makes a slow starter unhealthy sooner than it asked for.
 * The first one comes at once, unless it alone would decide.
 */
export function isCheckDue(
  { container, check }: Inspected,
  lastCheck: number | null,
  now: number,
  look: number,
): boolean {
  if (check === null || container.state !== 'running') return false
  const inStartPeriod = now < container.startedAt + check.startPeriod
  const interval = inStartPeriod ? look : Math.max(look, check.interval)
  if (lastCheck !== null) return now - lastCheck >= interval
  return inStartPeriod || check.retries > 1 || now - container.startedAt >= interval
}

/** Runs the container's health check once; what it says is seen by inspection. */
export async function driveCheck(
  engine: EngineCommand,
  id: string,
  signal: AbortSignal,
): Promise<void> {
  await askEngine(engine, ['healthcheck', 'run', id], { signal, timeout: 60_000 })
}
