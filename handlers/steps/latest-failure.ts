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

/** The time of a new proof or failure: after the stack's last ones, even where the clock was set back since. */
export function timeAfter(history: History, stack: string, at: number): number {
  const known = [history.proven(stack), history.failed(stack)]
  return Math.max(at, ...known.map((one) => (one === null ? 0 : one.at + 1)))
}
