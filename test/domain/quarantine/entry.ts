import type { QuarantineEntry } from '../../../src/domain/quarantine/quarantine.ts'
import { digest } from '../../handlers/world.ts'

export { digest }

/** An entry as a failed update leaves it. */
export function entry(changes: Partial<QuarantineEntry> = {}): QuarantineEntry {
  return {
    image: 'ghcr.io/o/app',
    tag: '1.1.0',
    digest: digest(2),
    host: 'nas',
    commit: 'c'.repeat(40),
    reason: 'service "web" is unhealthy',
    at: '2026-01-01T00:00:00.000Z',
    ...changes,
  }
}
