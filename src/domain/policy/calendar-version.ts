import { daysOf } from './day.ts'

/** A date as it stands in a tag. */
export interface CalendarVersion {
  readonly separator: '.' | '-' | ''
  /** Digits of the year: `25` is another scheme than `2025`. */
  readonly yearWidth: 2 | 4
  /** Year, month, day, and a number behind the day, as far as they are there. */
  readonly parts: readonly number[]
}

const separatedPattern = /^([0-9]{4}|[0-9]{2})([.-])([0-9]{1,2})(?:\2([0-9]{1,2})(?:\2([0-9]+))?)?$/
/** Without separators only fixed widths tell the parts apart. */
const gluedPatterns = [
  /^([0-9]{4})()([0-9]{2})(?:([0-9]{2})([0-9]+)?)?$/,
  /^([0-9]{2})()([0-9]{2})(?:([0-9]{2}))?$/,
]

/** Reads a real date out of a tag; null when it is none, or something else stands there too. */
export function readCalendarVersion(text: string): CalendarVersion | null {
  const separated = separatedPattern.exec(text)
  if (separated !== null) return fromMatch(separated)
  for (const pattern of gluedPatterns) {
    const match = pattern.exec(text)
    const version = match === null ? null : fromMatch(match)
    if (version !== null) return version
  }
  return null
}

/** How dates of this shape are written: `YYYY.MM.DD`. */
export function calendarShape({ separator, yearWidth, parts }: CalendarVersion): string {
  const names = ['Y'.repeat(yearWidth), 'MM', 'DD', 'N']
  return names.slice(0, parts.length).join(separator)
}

export function hasSameShape(a: CalendarVersion, b: CalendarVersion): boolean {
  return (
    a.separator === b.separator && a.yearWidth === b.yearWidth && a.parts.length === b.parts.length
  )
}

function fromMatch([, year = '', separator, ...rest]: RegExpExecArray): CalendarVersion | null {
  const written = [year, ...rest.filter((part) => part !== undefined)]
  const parts = written.map(Number)
  const yearWidth = year.length === 2 ? 2 : 4
  const [first = 0, month = 0, day = 1, serial = 0] = parts
  const fullYear = yearWidth === 2 ? 2000 + first : first
  const isReal = fullYear >= 1970 && fullYear < 2200 && day >= 1 && day <= daysOf(fullYear, month)
  if (!isReal || !Number.isSafeInteger(serial)) return null
  return { separator: separator === '.' || separator === '-' ? separator : '', yearWidth, parts }
}
