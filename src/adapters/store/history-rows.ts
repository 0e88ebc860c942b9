import type { AsideState, DeploymentRecord, FailedState, ProvenState } from '../../ports.ts'
import { parseCause } from './cause-text.ts'
import { parseGuidance } from './guidance-text.ts'

type Row = Readonly<Record<string, unknown>>

export function toProven(row: Row | undefined): ProvenState | null {
  if (row === undefined) return null
  return {
    stack: String(row['stack']),
    project: String(row['project']),
    commit: String(row['commit_id']),
    inputs: String(row['inputs']),
    services: parseHashes(String(row['services'])),
    provider: row['provider'] === 'podman-compose' ? 'podman-compose' : 'docker-compose',
    at: Number(row['at']),
  }
}

export function toFailed(row: Row | undefined): FailedState | null {
  if (row === undefined) return null
  return {
    stack: String(row['stack']),
    commit: String(row['commit_id']),
    inputs: String(row['inputs']),
    reason: String(row['reason']),
    retry: row['retry'] === 'next-pass' ? 'next-pass' : 'when-changed',
    words: String(row['words']),
    at: Number(row['at']),
    restored: RESTORED.find((one) => one === row['restored']) ?? 'none',
    restoring: String(row['restoring']),
    ...parseGuidance(row['guidance']),
  }
}

const RESTORED = ['none', 'due', 'done', 'failed'] as const
const ASIDE = ['failed', 'rolled-back', 'held'] as const
const HOLD = ['operator', 'stopped-by-hand'] as const
const ENDED = ['succeeded', 'failed', 'rolled-back', 'held', 'interrupted'] as const

export function toAside(row: Row | undefined): AsideState | null {
  if (row === undefined) return null
  const hold = HOLD.find((one) => one === row['hold'])
  return {
    stack: String(row['stack']),
    commit: String(row['commit_id']),
    ...parseGuidance(row['guidance']),
    ...(hold === undefined ? {} : { hold }),
    outcome: ASIDE.find((one) => one === row['outcome']) ?? 'failed',
    reason: String(row['reason']),
    at: Number(row['at']),
  }
}

export function toRecord(row: Row): DeploymentRecord {
  const { outcome } = row
  return {
    id: Number(row['id']),
    stack: String(row['stack']),
    commit: String(row['commit_id']),
    inputs: String(row['inputs']),
    startedAt: Number(row['started_at']),
    endedAt: row['ended_at'] === null ? null : Number(row['ended_at']),
    outcome: ENDED.find((one) => one === outcome) ?? null,
    reason: String(row['reason']),
    cause: parseCause(row['cause']),
  }
}

function parseHashes(text: string): Readonly<Record<string, string>> {
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null) return {}
  return Object.fromEntries(Object.entries(value).map(([name, hash]) => [name, String(hash)]))
}

export function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}
