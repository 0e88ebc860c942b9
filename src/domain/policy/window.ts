import { Cron } from 'croner'

import { MagosError } from '../error.ts'

/** When images may change: on these days within these hours, or in the minutes that a cron pattern names. */
export type UpdateWindow = {
  /** IANA name. */
  readonly timeZone: string
} & (
  | {
      readonly kind: 'hours'
      /** 0 is Sunday. */
      readonly days: readonly number[]
      /** Minutes of the day; a window that ends before it begins ends on the next day. */
      readonly from: number
      readonly to: number
    }
  | { readonly kind: 'cron'; readonly pattern: string }
)

const dayNames = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
const wholeDay = 24 * 60

/**
 * Reads `{"days": "sat,sun", "hours": "02:00-05:00", "timeZone": "Europe/Berlin"}`, `{"cron": "* 2-4 * * 6"}`, or such
 * a pattern alone. What is left out is any day, the whole day, UTC. Throws `policy`.
 */
export function parseWindow(value: unknown): UpdateWindow {
  if (typeof value === 'string') return parseWindow({ cron: value })
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw refusal(value, 'it is neither an object nor a cron pattern')
  }
  const fields: Readonly<Record<string, unknown>> = { ...value }
  const { days, hours, cron, timeZone = 'UTC', ...foreign } = fields
  const [unknownKey] = Object.keys(foreign)
  if (unknownKey !== undefined) throw refusal(value, `it has the unknown key "${unknownKey}"`)
  if (typeof timeZone !== 'string' || !isTimeZone(timeZone)) {
    throw refusal(value, `${JSON.stringify(timeZone)} is no time zone`)
  }
  if (cron !== undefined) {
    if (days !== undefined || hours !== undefined) throw refusal(value, 'it has "cron" and more')
    return { kind: 'cron', pattern: checkedPattern(value, cron), timeZone }
  }
  if (days === undefined && hours === undefined) throw refusal(value, 'it names no time')
  const [from, to] = parseHours(value, hours)
  return { kind: 'hours', days: parseDays(value, days), from, to, timeZone }
}

/** Whether images may change at this moment, ms since the epoch. */
export function isOpen(window: UpdateWindow, at: number): boolean {
  if (window.kind === 'cron') {
    // A pattern of five parts means the minute; croner matches its first second.
    return cronOf(window.pattern, window.timeZone).match(new Date(at - (at % 60_000)))
  }
  const { days, from, to } = window
  const { day, minute } = localTime(at, window.timeZone)
  if (from < to) return days.includes(day) && minute >= from && minute < to
  // Over midnight the window belongs to the day on which it began.
  return (days.includes(day) && minute >= from) || (days.includes((day + 6) % 7) && minute < to)
}

/** The window in words: `sat, sun 02:00-05:00 Europe/Berlin`. */
export function windowText(window: UpdateWindow): string {
  const { timeZone } = window
  if (window.kind === 'cron') return `cron "${window.pattern}" ${timeZone}`
  const days =
    window.days.length === 7 ? 'every day' : window.days.map((day) => dayNames[day]).join(', ')
  const isWhole = window.from === 0 && window.to === wholeDay
  const hours = isWhole ? '' : ` ${clockText(window.from)}-${clockText(window.to)}`
  return `${days}${hours} ${timeZone}`
}

function checkedPattern(whole: unknown, pattern: unknown): string {
  if (typeof pattern !== 'string' || pattern.trim().split(/\s+/).length !== 5) {
    throw refusal(whole, 'a cron pattern has five parts: minute, hour, day, month, day of the week')
  }
  try {
    cronOf(pattern, 'UTC')
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error)
    throw refusal(whole, words.replace(/^CronPattern: /, ''), error)
  }
  return pattern.trim()
}

/** Without a function to call it starts no timer. */
function cronOf(pattern: string, timezone: string): Cron {
  return new Cron(pattern, { timezone, mode: '5-part' })
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

function parseDays(whole: unknown, value: unknown): readonly number[] {
  if (value === undefined) return [0, 1, 2, 3, 4, 5, 6]
  const parts: readonly unknown[] = typeof value === 'string' ? value.split(',') : toList(value)
  const days = new Set<number>()
  for (const part of parts) {
    const [first = '', last = first, ...more] =
      typeof part === 'string' ? part.trim().toLowerCase().split('-') : []
    const [from, to] = [first, last].map((name) => dayNames.indexOf(name.trim().slice(0, 3)))
    const isNamed = [first, last].every((name) =>
      /^\s*(?:sun|mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?)(?:day)?\s*$/.test(name),
    )
    if (from === undefined || to === undefined || !isNamed || more.length > 0) {
      throw refusal(whole, `${JSON.stringify(part)} is no day of the week`)
    }
    for (let day = from; ; day = (day + 1) % 7) {
      days.add(day)
      if (day === to) break
    }
  }
  if (days.size === 0) throw refusal(whole, 'it names no day')
  return [...days].toSorted((a, b) => a - b)
}

function toList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value]
}

function parseHours(whole: unknown, value: unknown): readonly [number, number] {
  if (value === undefined) return [0, wholeDay]
  const match =
    typeof value === 'string'
      ? /^\s*([0-9]{1,2}):([0-9]{2})\s*-\s*([0-9]{1,2}):([0-9]{2})\s*$/.exec(value)
      : null
  const [from, to] =
    match === null ? [-1, -1] : [minutes(match[1], match[2]), minutes(match[3], match[4])]
  if (from < 0 || to < 0 || from === wholeDay) {
    throw refusal(whole, `${JSON.stringify(value)} are no hours such as "02:00-05:30"`)
  }
  if (from === to) throw refusal(whole, 'its hours begin and end at the same minute')
  return [from, to]
}

function minutes(hours = '', rest = ''): number {
  const minute = Number(hours) * 60 + Number(rest)
  return Number(rest) < 60 && minute <= wholeDay ? minute : -1
}

function localTime(
  at: number,
  timeZone: string,
): { readonly day: number; readonly minute: number } {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  })
  const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, value]))
  return {
    day: dayNames.indexOf((parts.get('weekday') ?? '').toLowerCase()),
    minute: Number(parts.get('hour')) * 60 + Number(parts.get('minute')),
  }
}

function clockText(minute: number): string {
  return `${twoDigits(Math.floor(minute / 60))}:${twoDigits(minute % 60)}`
}

function twoDigits(number: number): string {
  return String(number).padStart(2, '0')
}

function refusal(value: unknown, problem: string, cause?: unknown): MagosError {
  const shown = (JSON.stringify(value) ?? String(value)).slice(0, 120)
  return new MagosError('policy', `Cannot read "window" ${shown}: ${problem}`, {
    cause,
    remedy:
      'write {"days": "sat,sun", "hours": "02:00-05:00", "timeZone": "Europe/Berlin"}, or a cron pattern whose minutes are open, such as "* 2-4 * * 6"',
  })
}
