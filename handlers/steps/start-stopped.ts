import type { ObservedContainer } from '../../src/domain/deployment.ts'
import type { Standing } from '../../src/ports.ts'
import type { ResolvedStack } from './resolve-stack.ts'

/** The plan of a stack that is deployed: what stays as it is and does not run is started, but for jobs that are done. */
export function startStopped(resolved: ResolvedStack, standing: Standing | null): ResolvedStack {
  const kept = resolved.plan.filter(({ action }) => action === 'keep').map(({ name }) => name)
  const isJob = (name: string) => (standing?.services[name]?.ended ?? 1) > 0
  const started = kept.filter((name) =>
    resolved.containers.some(
      (container) =>
        container.service === name && isDown(container) && !(isDone(container) && isJob(name)),
    ),
  )
  return started.length === 0 ? resolved : { ...resolved, started }
}

function isDown({ state }: ObservedContainer): boolean {
  return state === 'created' || state === 'exited' || state === 'dead' || state === 'stopping'
}

function isDone({ state, exitCode, restarts }: ObservedContainer): boolean {
  return (
    state === 'exited' && exitCode === 0 && restarts !== 'always' && restarts !== 'unless-stopped'
  )
}
