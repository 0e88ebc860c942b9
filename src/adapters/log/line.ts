import { styleText } from 'node:util'

/** A record as every format gets it: cleaned, plain data. */
export interface LogRecord {
  readonly time: string
  readonly level: string
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

type Style = Parameters<typeof styleText>[0]

const STYLES: Readonly<Record<string, Style>> = {
  debug: 'gray',
  info: 'green',
  warn: 'yellow',
  error: ['bold', 'red'],
}

// syslog(3): what journald's prefix means
const PRIORITIES: Readonly<Record<string, number>> = { debug: 7, info: 6, warn: 4, error: 3 }

/** For a person at a terminal: local time, level, message, ids. */
export function prettyLine(record: LogRecord, colours: 'ansi' | 'none'): string {
  const paint = (style: Style, text: string) =>
    colours === 'ansi' ? styleText(style, text, { validateStream: false }) : text
  const level = paint(STYLES[record.level] ?? 'reset', record.level.padEnd(5))
  const details = fieldsText(record.fields)
  const tail = details === '' ? '' : ` ${paint('dim', details)}`
  return `${paint('dim', localTime(record.time))} ${level} ${record.message}${tail}`
}

/** For journald, which adds the time itself and reads the level from the prefix: see sd-daemon(3). */
export function journalLine(record: LogRecord): string {
  const details = fieldsText(record.fields)
  const tail = details === '' ? '' : ` ${details}`
  return `<${String(PRIORITIES[record.level] ?? 6)}>${record.message}${tail}`
}

export function jsonLine({ time, level, message, fields }: LogRecord): string {
  return JSON.stringify({ time, level, message, ...fields })
}

function localTime(time: string): string {
  const date = new Date(time)
  const [hours, minutes, seconds] = [date.getHours(), date.getMinutes(), date.getSeconds()]
  const clock = [hours, minutes, seconds].map((part) => String(part).padStart(2, '0')).join(':')
  return `${clock}.${String(date.getMilliseconds()).padStart(3, '0')}`
}

/** `name=value` pairs; what lies deeper is named with dots. */
function fieldsText(fields: Readonly<Record<string, unknown>>, prefix = ''): string {
  return Object.entries(fields)
    .flatMap(([name, value]) => {
      if (value === undefined || value === null) return []
      if (typeof value === 'object' && !Array.isArray(value)) {
        const inner = fieldsText({ ...value }, `${prefix}${name}.`)
        return inner === '' ? [] : [inner]
      }
      return [`${prefix}${name}=${valueText(value)}`]
    })
    .join(' ')
}

function valueText(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(value)
}
