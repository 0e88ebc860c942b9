import { inSeconds } from '../duration.ts'
import { crashLoop } from './crash-loop.ts'
import { containersOf, type ProofLook, type ProofTerms } from './proof-look.ts'
import { lookAtServices } from './service-look.ts'
import { steadyFor, stuckFor } from './stillness.ts'

export type Verdict =
  | { readonly outcome: 'undecided'; readonly reason: string }
  | { readonly outcome: 'succeeded'; readonly reason: string }
  | { readonly outcome: 'failed'; readonly reason: string }

/**
 * Proof by inspection: every service on exactly the pinned digest, healthy where it has a check, its ports and probes
 * answering, its containers the same and unrestarted over the settle window. Never because a command exited 0.
 *
 * `seen` are the looks at the project so far, oldest first.
 */
export function judge(terms: ProofTerms, seen: readonly ProofLook[]): Verdict {
  const last = seen.at(-1)
  if (last === undefined) return { outcome: 'undecided', reason: 'nothing was looked at yet' }
  const now = lookAtServices(terms, last)
  const broken = now.find(({ state }) => state === 'broken')?.reason ?? crashLoop(terms, seen)
  if (broken !== null) return { outcome: 'failed', reason: broken }
  const waiting = now.find(({ state }) => state === 'waiting')
  if (waiting === undefined) {
    const checked = checkedOf(terms, last)
    const window = checked.some(({ by }) => by === 'nobody') ? terms.settleUnchecked : terms.settle
    if (steadyFor(terms, seen) >= window) {
      return { outcome: 'succeeded', reason: success(checked, window) }
    }
  }
  const reason = waiting?.reason ?? 'every service holds, the settle window is not over'
  if (last.at - terms.since >= terms.deadline) {
    return {
      outcome: 'failed',
      reason: `not proven within ${inSeconds(terms.deadline)}: ${reason}`,
    }
  }
  const still = stuckFor(terms, seen)
  return still >= Math.max(terms.settle, STUCK)
    ? { outcome: 'failed', reason: `${reason}, and nothing changed for ${inSeconds(still)}` }
    : { outcome: 'undecided', reason }
}

/** ms after which nobody will start any more what the provider, which is done, did not start. */
const STUCK = 5_000

interface CheckedContainer {
  /** Who says that it is well. */
  readonly by: 'check' | 'nobody'
}

/** Those that run: what has done its work and ended needs nobody who watches it, and no time tells more of it. */
function checkedOf({ services }: ProofTerms, state: ProofLook): readonly CheckedContainer[] {
  const named = (state.probes ?? []).filter(({ target }) => target.source === 'named')
  const probed = new Set(named.map(({ target }) => target.service))
  return services
    .flatMap((service) => containersOf(service, state))
    .filter((container) => container.state === 'running')
    .map(({ health, service }) => ({
      by: health === 'healthy' || probed.has(service) ? 'check' : 'nobody',
    }))
}

function success(containers: readonly CheckedContainer[], window: number): string {
  if (containers.length === 0) return `nothing is left to run, steady for ${inSeconds(window)}`
  const checked = containers.filter(({ by }) => by === 'check').length
  if (checked === containers.length) {
    return `healthy and steady for ${inSeconds(window)}`
  }
  const all = `steady for ${inSeconds(window)}`
  return checked === 0
    ? `${all}, not health-checked`
    : `${all}, ${checked} of ${containers.length} health-checked`
}
