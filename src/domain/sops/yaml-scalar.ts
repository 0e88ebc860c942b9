import { parseBase64 } from './base64.ts'
import { bytesOf } from './bytes.ts'
import { fitsInteger } from './scalar-form.ts'
import { formatTime, timeParts } from './time.ts'
import type { Scalar } from './tree.ts'

const words: ReadonlyMap<string, Scalar> = new Map<string, Scalar>([
  ...['true', 'True', 'TRUE'].map((word) => [word, { kind: 'boolean', value: true }] as const),
  ...['false', 'False', 'FALSE'].map((word) => [word, { kind: 'boolean', value: false }] as const),
  ...['', '~', 'null', 'Null', 'NULL'].map((word) => [word, { kind: 'null' }] as const),
  ...['.nan', '.NaN', '.NAN'].map((word) => [word, { kind: 'float', value: NaN }] as const),
  ...['.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF'].map(
    (word) => [word, { kind: 'float', value: Infinity }] as const,
  ),
  ...['-.inf', '-.Inf', '-.INF'].map(
    (word) => [word, { kind: 'float', value: -Infinity }] as const,
  ),
])

const based = /^[-+]?0(?:[xX][0-9a-fA-F]+|[bB][01]+|[oO]?[0-7]+)$/
const signBehindBase = /^0(?:b[-+][01]+|o[-+][0-7]+)$/
const decimal = /^[-+]?(?:0|[1-9]\d*)$/
const float = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/
const floatFromPoint = /^\.\d+(?:_\d+)*(?:[eE][-+]?\d+(?:_\d+)*)?$/
const dateAndTime =
  /^(?<year>\d{4})-(?<month>\d\d?)-(?<day>\d\d?)(?:[Tt](?<hour>\d\d?):(?<minute>\d\d?):(?<second>\d\d?)(?:[.,](?<fraction>\d+))?(?<zone>Z|[-+]\d\d:\d\d))?$/
const dateAndClock =
  /^(?<year>\d{4})-(?<month>\d\d?)-(?<day>\d\d?) (?<hour>\d\d?):(?<minute>\d\d?):(?<second>\d\d?)(?:[.,](?<fraction>\d+))?$/

/** Bounds what is made a number of: 64 bits never need more. */
const maxDigits = 100

const tagPrefix = 'tag:yaml.org,2002:'

/** A scalar as sops takes it; null where it does not fit its tag, or sops cannot hold it. */
export function resolveScalar(
  source: string,
  style: 'plain' | 'quoted',
  tag: string | null,
): Scalar | null {
  if (tag === null) return style === 'plain' ? resolvePlain(source) : textScalar(source)
  if (!tag.startsWith(tagPrefix)) return textScalar(source)
  const name = tag.slice(tagPrefix.length)
  const kind = kinds.get(name)
  if (name === 'binary') return binaryScalar(source)
  // Any other tag means nothing to sops.
  if (kind === undefined) return textScalar(source)
  const value = kind === 'time' ? resolveTime(source) : resolvePlain(source)
  if (kind === 'float' && value?.kind === 'integer') {
    return { kind: 'float', value: Number(value.value) }
  }
  return value?.kind === kind ? value : null
}

const kinds: ReadonlyMap<string, Scalar['kind']> = new Map([
  ['bool', 'boolean'],
  ['int', 'integer'],
  ['float', 'float'],
  ['null', 'null'],
  ['timestamp', 'time'],
])

function binaryScalar(source: string): Scalar | null {
  const bytes = parseBase64(source.replaceAll(/[\r\n ]/g, ''))
  return bytes === null ? null : { kind: 'text', bytes }
}

/**
 * What a plain scalar is to sops, whose YAML is neither 1.1 nor 1.2: dates and times are times, `0o17`, `0777`, `0x1F`
 * and `1_000` integers, yes and on texts. Null where it is an integer that sops cannot hold.
 */
function resolvePlain(source: string): Scalar | null {
  const word = words.get(source)
  if (word !== undefined) return word
  if (/^[-+\d]/.test(source)) return resolveNumber(source)
  if (floatFromPoint.test(source)) return finite(source.replaceAll('_', '')) ?? textScalar(source)
  return textScalar(source)
}

function textScalar(text: string): Scalar {
  return { kind: 'text', bytes: bytesOf(text) }
}

/** A plain scalar that stands for a date or a time. */
function resolveTime(source: string): Scalar | null {
  const parts = (dateAndTime.exec(source) ?? dateAndClock.exec(source))?.groups
  const text = parts === undefined ? null : formatTime(timeParts(parts))
  return text === null ? null : { kind: 'time', text }
}

function resolveNumber(source: string): Scalar | null {
  const time = resolveTime(source)
  if (time !== null) return time
  const digits = source.replaceAll('_', '')
  if (digits.length > maxDigits) return float.test(digits) ? finite(digits) : textScalar(source)
  const value = integerOf(digits)
  if (value !== null && fitsInteger(value)) return { kind: 'integer', value }
  // Go has a second integer, without a sign, which sops refuses; behind a sign it is none, and beyond it a float.
  if (value !== null && value > 0n && value < 2n ** 64n && !digits.startsWith('+')) return null
  return (float.test(digits) ? finite(digits) : null) ?? textScalar(source)
}

function integerOf(digits: string): bigint | null {
  if (decimal.test(digits)) return BigInt(digits.replace(/^\+/, ''))
  if (signBehindBase.test(digits))
    return signed(`${digits.charAt(2)}${digits.slice(0, 2)}${digits.slice(3)}`)
  return based.test(digits) ? signed(digits) : null
}

/** JavaScript reads no sign before a base, and an octal only with its `o`. */
function signed(digits: string): bigint {
  const magnitude = digits.replace(/^[-+]/, '').toLowerCase()
  const value = BigInt(magnitude.replace(/^0(?=[0-7])/, '0o'))
  return digits.startsWith('-') ? -value : value
}

function finite(digits: string): Scalar | null {
  const value = Number(digits)
  return Number.isFinite(value) ? { kind: 'float', value } : null
}
