import type {
  CheckAnnotation,
  CheckReport,
  DeploymentReport,
  Report,
  StatusReport,
} from '../../domain/event.ts'

type Fields = Readonly<Record<string, unknown>>

/** Reads a report as it was written; null for what this Magos does not know. */
export function parseReport(value: unknown): Report | null {
  if (!isRecord(value)) return null
  switch (value['kind']) {
    // As an older version wrote it, that knew no other.
    case undefined:
    case 'status':
      return parseStatus(value)
    case 'deployment':
      return parseDeployment(value)
    case 'check-run':
      return parseCheck(value)
    default:
      return null
  }
}

const STATES = ['pending', 'success', 'failure', 'error'] as const
const ENDINGS = ['success', 'failure'] as const
const CONCLUSIONS = ['success', 'neutral', 'failure'] as const
const LEVELS = ['warning', 'failure'] as const

function parseStatus(value: Fields): StatusReport | null {
  const { commit, context, description } = value
  const state = STATES.find((name) => name === value['state'])
  if (typeof commit !== 'string' || typeof context !== 'string') return null
  if (typeof description !== 'string' || state === undefined) return null
  return { kind: 'status', commit, context, state, description }
}

function parseDeployment(value: Fields): DeploymentReport | null {
  const { commit, context, description } = value
  const state = ENDINGS.find((name) => name === value['state'])
  if (typeof commit !== 'string' || typeof context !== 'string') return null
  if (typeof description !== 'string' || state === undefined) return null
  return { kind: 'deployment', commit, context, state, description }
}

function parseCheck(value: Fields): CheckReport | null {
  const { commit, context, title, summary } = value
  const conclusion = CONCLUSIONS.find((name) => name === value['conclusion'])
  const listed = Array.isArray(value['annotations']) ? value['annotations'] : []
  const annotations = listed.flatMap((one: unknown) => parseAnnotation(one) ?? [])
  if (typeof commit !== 'string' || typeof context !== 'string') return null
  if (typeof title !== 'string' || typeof summary !== 'string') return null
  if (conclusion === undefined) return null
  return { kind: 'check-run', commit, context, conclusion, title, summary, annotations }
}

function parseAnnotation(value: unknown): CheckAnnotation | null {
  if (!isRecord(value)) return null
  const { path, line, message } = value
  const level = LEVELS.find((name) => name === value['level'])
  if (typeof path !== 'string' || typeof line !== 'number') return null
  if (typeof message !== 'string' || level === undefined) return null
  return { path, line, level, message }
}

function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
