import type { Departure } from '../../domain/deploy/departure.ts'
import type { Event, Origin, UpdateFailed } from '../../domain/event.ts'
import { parseReport } from './report-text.ts'

/** Reads an event as it was written; null for what this Magos does not know. */
export function parseEvent(text: unknown): Event | null {
  const value = parseRecord(text)
  switch (value?.['kind']) {
    case 'image-published': {
      const repositories = parseRepositories(value['repositories'])
      return repositories === null ? null : { kind: 'image-published', repositories }
    }
    case 'proposals-due': {
      const repositories = parseRepositories(value['repositories'])
      const branches = parseRepositories(value['branches'])
      if (repositories === null || branches === null || branches === 'all') return null
      return { kind: 'proposals-due', repositories, branches }
    }
    case 'pull-request-changed': {
      const numbers = parseNumbers(value['numbers'])
      return numbers === null ? null : { kind: 'pull-request-changed', numbers }
    }
    case 'revision-pushed':
      return { kind: 'revision-pushed' }
    case 'installation-changed':
      return { kind: 'installation-changed' }
    case 'sync-requested': {
      const { stack } = value
      const known = typeof stack === 'string' || stack === null
      if (!known) return null
      const isConfirmed = value['removals'] === 'confirmed'
      const { askedAt } = value
      return {
        kind: 'sync-requested',
        stack,
        ...(isConfirmed ? { removals: 'confirmed' } : {}),
        ...(typeof askedAt === 'number' ? { askedAt } : {}),
      }
    }
    case 'rollback-requested': {
      const { stack, to, by } = value
      const known = isText(stack) && (isText(to) || to === null) && isText(by)
      return known ? { kind: 'rollback-requested', stack, to, by } : null
    }
    case 'versions-requested': {
      const { action, image, reason, by } = value
      const known = isText(image) && isText(reason) && isText(by)
      const wanted = action === 'hold' || action === 'release' ? action : null
      return known && wanted !== null
        ? { kind: 'versions-requested', action: wanted, image, reason, by }
        : null
    }
    case 'commit-reached': {
      const { commit } = value
      return typeof commit === 'string' ? { kind: 'commit-reached', commit } : null
    }
    case 'update-failed':
      return parseUpdateFailed(value)
    case 'drift-detected': {
      const { looks } = value
      const departures = parseDepartures(value['departures'])
      return {
        kind: 'drift-detected',
        departures,
        ...(typeof looks === 'number' ? { looks } : {}),
      }
    }
    case 'report-due': {
      const report = parseReport(value['report'])
      return report === null ? null : { kind: 'report-due', report }
    }
    default:
      return null
  }
}

/** Reads an origin as it was written; null when it is none. */
export function parseOrigin(text: unknown): Origin | null {
  return readOrigin(parseRecord(text))
}

/** The same of what was parsed already. */
export function readOrigin(value: unknown): Origin | null {
  if (!isRecord(value)) return null
  const source = SOURCES.find((name) => name === value['source'])
  if (source === undefined) return null
  const details: { [Key in (typeof DETAILS)[number]]?: string } = {}
  for (const name of DETAILS) {
    const detail = value[name]
    if (typeof detail === 'string') details[name] = detail
  }
  return { source, ...details }
}

const SOURCES = ['webhook', 'poll', 'start', 'own', 'operator', 'engine'] as const
const DETAILS = ['event', 'action', 'repository', 'ref', 'image', 'delivery', 'body'] as const
const DEPARTURES = ['died', 'killed', 'stopped', 'removed'] as const

function parseNumbers(value: unknown): readonly number[] | 'all' | null {
  if (value === 'all') return value
  if (!Array.isArray(value)) return null
  const numbers = value.filter((one): one is number => typeof one === 'number')
  return numbers.length === value.length ? numbers : null
}

function parseRepositories(value: unknown): readonly string[] | 'all' | null {
  if (value === 'all') return value
  if (!Array.isArray(value)) return null
  const names = value.filter((name): name is string => typeof name === 'string')
  return names.length === value.length ? names : null
}

function parseUpdateFailed(value: Readonly<Record<string, unknown>>): UpdateFailed | null {
  const { stack, commit, proven, reason, words } = value
  if (typeof stack !== 'string' || typeof commit !== 'string') return null
  if (typeof reason !== 'string' || typeof words !== 'string') return null
  if (typeof proven !== 'string' && proven !== null) return null
  return { kind: 'update-failed', stack, commit, proven, reason, words }
}

function parseDepartures(value: unknown): readonly Departure[] {
  return Array.isArray(value) ? value.flatMap((one: unknown) => parseDeparture(one) ?? []) : []
}

function parseDeparture(value: unknown): Departure | null {
  if (!isRecord(value)) return null
  const { container, project, service } = value
  const how = DEPARTURES.find((name) => name === value['how'])
  if (typeof container !== 'string' || typeof project !== 'string') return null
  if (typeof service !== 'string' || how === undefined) return null
  return { container, project, service, how }
}

export function parseRecord(text: unknown): Readonly<Record<string, unknown>> | null {
  if (typeof text !== 'string') return null
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : null
  } catch {
    return null
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
