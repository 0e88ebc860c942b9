import type { ObservedContainer } from '../deployment.ts'

/** It is meant to run for good: its engine starts it again however it ended. */
export function keepsRunning({ restarts }: Pick<ObservedContainer, 'restarts'>): boolean {
  return restarts === 'always' || restarts === 'unless-stopped'
}

/** ms in which podman starts again what it starts again; of docker it is `restarting` while it waits. */
const PATIENCE = 10_000

/** Whether the engine of one that keeps running had its time to start it, and has not. */
export function isLeftDown({ endedAt }: Pick<ObservedContainer, 'endedAt'>, now: number): boolean {
  return endedAt !== undefined && now - endedAt >= PATIENCE
}

/** `on-failure` starts it again, unless its tries are used up: then it stays as it is. */
export function comesBack({ restarts, state, exitCode }: ObservedContainer): boolean {
  return restarts === 'on-failure' && state === 'exited' && exitCode !== 0
}
