import type { Deployment } from '../../src/domain/deployment.ts'
import { guidanceOf, type Guidance } from '../../src/domain/guidance.ts'
import type { FailedState, History } from '../../src/ports.ts'

/** The failure that came after the last proof; an older one is remembered, but not what the stack is in now. */
export function latestFailure(
  history: Pick<History, 'proven' | 'failed'>,
  stack: string,
): FailedState | null {
  const failed = history.failed(stack)
  const proven = history.proven(stack)
  return failed === null || (proven !== null && proven.at > failed.at) ? null : failed
}

/** Whether that failure may have left containers that are not the last good state's. */
export function isOpen(failure: FailedState | null): boolean {
  if (failure === null || failure.restored === 'done') return false
  return failure.retry === 'when-changed' || failure.restored !== 'none'
}

/** What keeps a stack from being what git says, as far as this host remembers. */
export interface Trouble extends Guidance {
  readonly outcome: Extract<Deployment['outcome'], 'failed' | 'rolled-back' | 'held'>
  readonly reason: string
  readonly at: number
}

/** What the stack was left aside for, else how its last deployment failed; null where all is well. */
export function latestTrouble(
  history: Pick<History, 'proven' | 'failed' | 'aside'>,
  stack: string,
): Trouble | null {
  const aside = history.aside(stack)
  if (aside !== null) return aside
  const failure = latestFailure(history, stack)
  return failure === null
    ? null
    : {
        outcome: outcomeOf(failure),
        reason: reasonOf(failure),
        at: failure.at,
        ...failureGuidance(failure),
      }
}

/** What a person can do about a state that failed; where it was refused, that comes first. */
export function failureGuidance(failed: FailedState): Guidance & { readonly remedy: string } {
  const { remedy, retry, stack } = failed
  const [alone, after] =
    retry === 'next-pass'
      ? [`The next pass tries again, or now: magos sync ${stack}`, 'the next pass tries again']
      : [`Commit a change, or ${againBy(stack)}`, againBy(stack)]
  return {
    ...guidanceOf(failed),
    remedy: remedy === undefined ? alone : `${remedy}; then ${after}`,
  }
}

function againBy(stack: string): string {
  return `try it again with: magos sync ${stack}`
}

/** What became of a state that was given up: rolled back where the last good state runs. */
export function outcomeOf({ restored, retry }: FailedState): 'failed' | 'rolled-back' {
  return restored === 'done' && retry === 'when-changed' ? 'rolled-back' : 'failed'
}

/** With what became of the last good state, where it was touched. */
export function reasonOf({ reason, restoring }: FailedState): string {
  return restoring === '' ? reason : `${reason}; ${restoring}`
}

/** The time of a new proof or failure: after the stack's last ones, even where the clock was set back since. */
export function timeAfter(history: History, stack: string, at: number): number {
  const known = [history.proven(stack), history.failed(stack)]
  return Math.max(at, ...known.map((one) => (one === null ? 0 : one.at + 1)))
}
