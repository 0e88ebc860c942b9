import type { DeploymentCause, ServiceChange } from '../../ports.ts'
import { isRecord, parseRecord, readOrigin } from './event-text.ts'

/** Reads a cause as it was written; null for what this Magos does not know. */
export function parseCause(text: unknown): DeploymentCause | null {
  const value = parseRecord(text)
  if (value === null || !Array.isArray(value['services'])) return null
  const services = value['services'].flatMap((one: unknown) => readChange(one) ?? [])
  return { origin: readOrigin(value['origin']), services }
}

const ACTIONS = ['create', 'recreate', 'keep', 'remove'] as const

function readChange(value: unknown): ServiceChange | null {
  if (!isRecord(value)) return null
  const { name, reasons, from, to } = value
  const action = ACTIONS.find((one) => one === value['action'])
  if (typeof name !== 'string' || action === undefined || !Array.isArray(reasons)) return null
  return { name, action, reasons: reasons.map(String), from: imageOf(from), to: imageOf(to) }
}

function imageOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}
