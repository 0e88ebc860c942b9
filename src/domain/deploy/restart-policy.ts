import type { ObservedContainer } from '../deployment.ts'

/** It is meant to run for good: its engine starts it again however it ended. */
export function keepsRunning({ restarts }: Pick<ObservedContainer, 'restarts'>): boolean {
  return restarts === 'always' || restarts === 'unless-stopped'
}

/** `on-failure` starts it again, unless its tries are used up: then it stays as it is. */
export function comesBack({ restarts, state, exitCode }: ObservedContainer): boolean {
  return restarts === 'on-failure' && state === 'exited' && exitCode !== 0
}
