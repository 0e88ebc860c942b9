import { MagosError } from '../error.ts'

const units: Readonly<Record<string, number>> = {
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}
const longest = 366 * 86_400_000

/** ms of an age such as `36h`, `3d` or `2w`. Throws `policy`. */
export function parseAge(value: unknown): number {
  const [, number = '', unit = ''] =
    typeof value === 'string' ? (/^([0-9]+(?:\.[0-9]+)?)([mhdw])$/.exec(value) ?? []) : []
  const age = Math.round(Number(number) * (units[unit] ?? Number.NaN))
  if (number !== '' && age <= longest) return age
  const shown = JSON.stringify(value) ?? String(value)
  const problem = number === '' ? 'it is no age' : 'it is more than a year'
  throw new MagosError('policy', `Cannot read "minAge" ${shown.slice(0, 80)}: ${problem}`, {
    remedy: 'write a number with m, h, d or w in quotes, such as "3d"',
  })
}

/** An age as people write it, in its largest whole unit. */
export function ageText(age: number): string {
  const [unit = 'm', size = 60_000] =
    Object.entries(units)
      .toReversed()
      .find(([, ms]) => age > 0 && age % ms === 0) ?? []
  return `${Math.ceil(age / size)}${unit}`
}

/** A moment to the minute, rounded up: `2026-03-01 04:30 UTC`. */
export function momentText(at: number): string {
  const text = new Date(Math.ceil(at / 60_000) * 60_000).toISOString()
  return `${text.slice(0, 10)} ${text.slice(11, 16)} UTC`
}
