import {
  probeTargets,
  targetText,
  type ProbeLook,
  type ProbeTarget,
} from '../../src/domain/deploy/probe-targets.ts'
import type { ObservedState } from '../../src/domain/deployment.ts'
import type { Probe } from '../../src/domain/settings/probes.ts'
import type { Context } from '../context.ts'

/** Tries what belongs to the services at one look; what was tried a moment ago and succeeded is not tried again. */
export type TryServices = (
  state: ObservedState,
  signal: AbortSignal,
) => Promise<readonly ProbeLook[]>

/** ms for which an answer holds: a connection costs nothing, a command as much as a look of the engine. */
const HOLDS = { published: 0, tcp: 0, http: 1_000, exec: 2_000 } as const

/** Remembers between looks what was tried when. */
export function serviceProber(
  { prober }: Pick<Context, 'prober'>,
  services: readonly { readonly name: string }[],
  probes: readonly Probe[],
): TryServices {
  const tried = new Map<string, { readonly at: number; readonly look: ProbeLook }>()
  const attempt = async (target: ProbeTarget, at: number, signal: AbortSignal) => {
    const key = keyOf(target)
    const before = tried.get(key)
    const { kind } = target.attempt
    if (before?.look.failure === null && at - before.at < HOLDS[kind]) return before.look
    const failure = await prober.attempt(target.attempt, signal)
    const look: ProbeLook = { target, failure }
    tried.set(key, { at, look })
    return look
  }
  return (state, signal) => {
    const targets = probeTargets(services, probes, state)
    return Promise.all(targets.map((target) => attempt(target, state.at, signal)))
  }
}

function keyOf(target: ProbeTarget): string {
  const { attempt } = target
  return `${attempt.kind === 'exec' ? attempt.container : ''} ${targetText(target)}`
}
