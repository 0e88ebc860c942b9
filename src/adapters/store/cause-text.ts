import type { KeptDeed } from '../../domain/deployment.ts'
import { signals } from '../../domain/settings/file-changes.ts'
import type { DeploymentCause, ServiceChange } from '../../ports.ts'
import { isRecord, parseRecord, readOrigin } from './event-text.ts'

/** Reads a cause as it was written; null for what this Magos does not know. */
export function parseCause(text: unknown): DeploymentCause | null {
  const value = parseRecord(text)
  if (value === null || !Array.isArray(value['services'])) return null
  const services = value['services'].flatMap((one: unknown) => readChange(one) ?? [])
  return { origin: readOrigin(value['origin']), services }
}

const DEEDS: readonly KeptDeed[] = [
  'start',
  'restart',
  ...signals.map((one) => `signal ${one}` as const),
]
const ACTIONS = ['create', 'recreate', 'keep', 'remove'] as const

function readChange(value: unknown): ServiceChange | null {
  if (!isRecord(value)) return null
  const { name, reasons, from, to } = value
  const action = ACTIONS.find((one) => one === value['action'])
  if (typeof name !== 'string' || action === undefined || !Array.isArray(reasons)) return null
  const and = readDeeds(value['and'])
  const images = { from: imageOf(from), to: imageOf(to) }
  const kept = and.length === 0 ? {} : { and }
  return { name, action, ...kept, reasons: reasons.map(String), ...images }
}

function readDeeds(value: unknown): readonly KeptDeed[] {
  const deeds = Array.isArray(value) ? value.map(String) : []
  return deeds.flatMap((deed) => DEEDS.find((one) => one === deed) ?? [])
}

function imageOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}
