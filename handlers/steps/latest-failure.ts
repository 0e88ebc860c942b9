import type { FailedState, History } from '../../src/ports.ts'

/** The failure that came after the last proof; an older one is remembered, but not what the stack is in now. */
export function latestFailure(history: History, stack: string): FailedState | null {
  const failed = history.failed(stack)
  const proven = history.proven(stack)
  return failed === null || (proven !== null && proven.at > failed.at) ? null : failed
}
