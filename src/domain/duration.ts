const PATTERN = /^(\d+(?:\.\d+)?)(s|m|h)$/
const MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000 }

/** ms of a number with s, m or h, such as `90s` or `1.5h`; null for anything else. */
export function parseDuration(text: string): number | null {
  const [, number, unit] = PATTERN.exec(text) ?? []
  if (number === undefined || unit === undefined) return null
  return Math.round(Number(number) * (MS[unit] ?? NaN))
}

/** A time of ms in a sentence. */
export function inSeconds(ms: number): string {
  return `${ms / 1000} s`
}
