/** Days of a month of the Gregorian calendar; 0 for a month that is none. */
export function daysOf(year: number, month: number): number {
  if (month === 2) return isLeap(year) ? 29 : 28
  if (month < 1 || month > 12) return 0
  return [4, 6, 9, 11].includes(month) ? 30 : 31
}

/** The moment at which a day such as `2026-03-31` is over in UTC, in ms; null for what is no day. */
export function endOfDay(text: string): number | null {
  const match = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/.exec(text)
  if (match === null) return null
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])]
  if (year < 1970 || day < 1 || day > daysOf(year, month)) return null
  return Date.UTC(year, month - 1, day + 1)
}

function isLeap(year: number): boolean {
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
}
