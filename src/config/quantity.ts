import { parseDuration as milliseconds } from '../domain/duration.ts'
import type { Parsed } from './problem.ts'

const SIZE = /^(\d+(?:\.\d+)?)\s?(B|kB|KB|MB|KiB|MiB)?$/
const BYTES: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  KiB: 1024,
  MiB: 1024 ** 2,
}

export interface Bounds {
  readonly min: string
  readonly max: string
}

/** ms of a number with s, m or h, such as `90s` or `1.5h`. Throws nothing; bounds are durations themselves. */
export function parseDuration(text: string, { min, max }: Bounds): Parsed<number> {
  const value = milliseconds(text)
  if (value === null) {
    return { refusal: `duration ${quote(text)}: expected a number with s, m or h, such as 90s` }
  }
  if (value < (milliseconds(min) ?? 0) || value > (milliseconds(max) ?? Infinity)) {
    return { refusal: `duration ${quote(text)}: expected one from ${min} to ${max}` }
  }
  return { value }
}

/** Bytes of a number with an optional unit, such as `5MB` (decimal) or `4MiB` (binary). */
export function parseSize(text: string, { min, max }: Bounds): Parsed<number> {
  const value = bytes(text)
  if (value === null) {
    return { refusal: `size ${quote(text)}: expected bytes, or a number with kB, MB, KiB or MiB` }
  }
  if (value < (bytes(min) ?? 0) || value > (bytes(max) ?? Infinity)) {
    return { refusal: `size ${quote(text)}: expected one from ${min} to ${max}` }
  }
  return { value }
}

function bytes(text: string): number | null {
  const [, number, unit = 'B'] = SIZE.exec(text) ?? []
  if (number === undefined) return null
  return Math.round(Number(number) * (BYTES[unit] ?? NaN))
}

function quote(text: string): string {
  return JSON.stringify(text)
}
