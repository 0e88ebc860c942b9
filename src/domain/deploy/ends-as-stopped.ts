import type { ObservedContainer } from '../deployment.ts'

/** Exit codes of SIGINT, SIGKILL and SIGTERM, and of a server that takes them well. */
const STOP_CODES: ReadonlySet<number> = new Set([0, 130, 137, 143])

/** Whether a container ended as most do that are stopped. */
export function endsAsStopped({ end, exitCode }: Pick<ObservedContainer, 'end' | 'exitCode'>) {
  return end !== 'out-of-memory' && STOP_CODES.has(exitCode)
}
