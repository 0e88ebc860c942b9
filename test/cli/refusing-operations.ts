import type { Operations } from '../../src/cli/operations.ts'
import { MagosError } from '../../src/domain/error.ts'

export const refuse = () =>
  Promise.reject(new MagosError('network', 'Cannot reach "ghcr.io": refused'))
/** Operations of which none is to succeed, but for the daemon's. */
export const refusingOperations: Operations = {
  check: refuse,
  plan: refuse,
  sync: refuse,
  status: refuse,
  hold: refuse,
  checkSecrets: refuse,
  decryptSecret: refuse,
  release: refuse,
  history: refuse,
  explain: refuse,
  holdVersions: refuse,
  releaseVersions: refuse,
  rollback: refuse,
  doctor: refuse,
  run: () => Promise.resolve(0),
}
