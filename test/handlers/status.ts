import { statusRequested } from '../../handlers/status-requested.ts'
import type { StatusAnswer } from '../../src/domain/answer/status.ts'
import { signal, type World } from './world.ts'

/** What `magos status` tells beside a running daemon. */
export function status(
  { ctx, inbox }: World,
  worker: StatusAnswer['worker'] = 'running',
): Promise<StatusAnswer> {
  return statusRequested({ ...ctx, inbox, worker }, signal)
}
