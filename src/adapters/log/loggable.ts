import type { LogFields } from '../../ports.ts'
import { errorFields } from './error-fields.ts'

/** Deeper than this nothing is worth a log line, and a cycle ends here. */
const DEEPEST = 6

/** The record's own names; a field of that name may not replace them. */
const RESERVED: ReadonlySet<string> = new Set(['time', 'level', 'message'])

/** Fields as plain data: errors told in full wherever they lie, bytes only counted. */
export function loggableFields(fields: LogFields): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      RESERVED.has(name) ? `${name}_` : name,
      loggable(value, 0),
    ]),
  )
}

function loggable(value: unknown, depth: number): unknown {
  if (value instanceof Error) return errorFields(value)
  if (value instanceof Uint8Array) return `${String(value.length)} bytes`
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'object' || value === null || 'toJSON' in value) return value
  if (depth === DEEPEST) return '…'
  if (Array.isArray(value)) return value.map((each) => loggable(each, depth + 1))
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, loggable(each, depth + 1)]),
  )
}
