/** Parts of a time as text; single digits are allowed where YAML allows them. */
export interface TimeParts {
  readonly year: string
  readonly month: string
  readonly day: string
  readonly hour?: string | undefined
  readonly minute?: string | undefined
  readonly second?: string | undefined
  /** Digits behind the point. */
  readonly fraction?: string | undefined
  /** `Z` or `±hh:mm`. */
  readonly zone?: string | undefined
}

const rfc3339 =
  /^(?<year>\d{4})-(?<month>\d\d)-(?<day>\d\d)T(?<hour>\d\d):(?<minute>\d\d):(?<second>\d\d)(?:\.(?<fraction>\d+))?(?<zone>Z|[-+]\d\d:\d\d)$/

/** A time of RFC 3339 in the one form that the MAC takes, null where the text is none. */
export function canonicalTime(text: string): string | null {
  const parts = rfc3339.exec(text)?.groups
  return parts === undefined ? null : formatTime(timeParts(parts))
}

/** The same without its fraction: what the MAC's own additional data holds. */
export function withoutFraction(time: string): string {
  return time.replace(/\.\d+/, '')
}

/** A regular expression's named groups as parts; the three of the date must be among them. */
export function timeParts(groups: Readonly<Record<string, string | undefined>>): TimeParts {
  const { year = '', month = '', day = '', hour, minute, second, fraction, zone } = groups
  return { year, month, day, hour, minute, second, fraction, zone }
}

/** Null for a day, hour or offset that does not exist. */
export function formatTime(parts: TimeParts): string | null {
  const { hour = '0', minute = '0', second = '0', fraction = '', zone = 'Z' } = parts
  const day = Number(parts.day)
  if (day < 1 || day > daysOf(Number(parts.year), Number(parts.month))) return null
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return null
  if (zone !== 'Z' && (Number(zone.slice(1, 3)) > 23 || Number(zone.slice(4)) > 59)) return null
  const date = `${parts.year}-${two(parts.month)}-${two(parts.day)}`
  const offset = /^[-+]00:00$/.test(zone) ? 'Z' : zone
  return `${date}T${two(hour)}:${two(minute)}:${two(second)}${shortFraction(fraction)}${offset}`
}

function daysOf(year: number, month: number): number {
  if (month < 1 || month > 12) return 0
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return [4, 6, 9, 11].includes(month) ? 30 : 31
}

/** Nanoseconds at the finest, as sops keeps them. */
function shortFraction(digits: string): string {
  const kept = digits.slice(0, 9)
  let end = kept.length
  while (end > 0 && kept[end - 1] === '0') end -= 1
  return end === 0 ? '' : `.${kept.slice(0, end)}`
}

function two(digits: string): string {
  return digits.padStart(2, '0')
}
