import { pino } from 'pino'
import type { Logger } from 'pino'

import type { Log, LogFields } from '../../ports.ts'
import { jsonLine, journalLine, prettyLine } from './line.ts'
import type { LogRecord } from './line.ts'
import type { LogFormat } from './log-format.ts'
import { loggableFields } from './loggable.ts'
import { plainText } from './plain-text.ts'
import { createRedactor } from './redact.ts'

export interface LogOptions {
  readonly level?: 'debug' | 'info' | 'warn' | 'error'
  readonly format: LogFormat
  /** Of `pretty`. */
  readonly colours?: 'ansi' | 'none'
  /** Gets whole lines, their line break included. */
  readonly destination: { write(line: string): void }
  /** Every secret known by now; asked anew for each line. */
  readonly redact: () => readonly string[]
}

/**
 * Writes one line a record. Whatever reaches the destination went through one gate: no secret, no control character, and
 * errors told with code, message, place, remedy and causes.
 */
export function createLog({
  level = 'info',
  format,
  colours = 'ansi',
  destination,
  redact,
}: LogOptions): Log {
  const redacted = createRedactor(redact)
  const write = (line: string) => {
    const record = readRecord(line, (text) => redacted(plainText(text)))
    destination.write(`${lineOf(record, format, colours)}\n`)
  }
  const timestamp = pino.stdTimeFunctions.isoTime
  const formatters = { level: (label: string) => ({ level: label }) }
  return asLog(pino({ level, base: null, messageKey: 'message', timestamp, formatters }, { write }))
}

function asLog(logger: Logger): Log {
  const at = (level: 'debug' | 'info' | 'warn' | 'error') => (fields: LogFields, text: string) => {
    if (logger.isLevelEnabled(level)) logger[level](loggableFields(fields), text)
  }
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => asLog(logger.child(loggableFields(fields))),
  }
}

/** What pino wrote, every text in it made safe. Of a field that a child set again the last counts. */
function readRecord(line: string, safe: (text: string) => string): LogRecord {
  const parsed: unknown = JSON.parse(line)
  const { time, level, message, ...fields } = isMapping(parsed) ? parsed : {}
  return {
    time: String(time),
    level: String(level),
    message: safe(String(message)),
    fields: cleanMapping(fields, safe),
  }
}

function clean(value: unknown, safe: (text: string) => string): unknown {
  if (typeof value === 'string') return safe(value)
  if (Array.isArray(value)) return value.map((each) => clean(each, safe))
  return isMapping(value) ? cleanMapping(value, safe) : value
}

function cleanMapping(
  mapping: Readonly<Record<string, unknown>>,
  safe: (text: string) => string,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(mapping).map(([key, value]) => [safe(key), clean(value, safe)]),
  )
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function lineOf(record: LogRecord, format: LogFormat, colours: 'ansi' | 'none'): string {
  if (format === 'json') return jsonLine(record)
  return format === 'journal' ? journalLine(record) : prettyLine(record, colours)
}
