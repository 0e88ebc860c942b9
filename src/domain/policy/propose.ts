import type { ImageReference } from '../image-reference.ts'
import { readCalendarVersion } from './calendar-version.ts'
import { compileFilters } from './filters.ts'
import { readNumbers } from './numbers.ts'
import { readTagVersion, type TagVersion } from './tag-version.ts'

/** What an annotation may say, ready to be written, and why. */
export interface ProposedPolicy {
  readonly fields: Readonly<Record<string, string>>
  readonly reason: string
}

/** A policy that fits what stands on a line today: one that changes nothing but what its owner would expect. */
export function proposePolicy({ tag, digest }: ImageReference): ProposedPolicy {
  if (tag === null) {
    return digest === null
      ? { fields: { policy: 'latest' }, reason: 'it has no tag, which means "latest"' }
      : { fields: { policy: 'digest' }, reason: 'it has a digest and no tag to follow' }
  }
  const nature = compileFilters({ include: null, exclude: null, extract: null })(tag)
  if (!nature.kept) return { fields: { policy: 'digest' }, reason: nature.reason }
  return (
    proposeDate(tag) ??
    proposeDatedVariant(tag) ??
    proposeVersion(tag) ??
    proposeNumbers(tag) ??
    proposeCounted(tag) ??
    proposeMoving(tag) ?? {
      fields: { policy: 'digest' },
      reason: `"${tag}" has no order and is no name of a moving tag, so it is kept as it is`,
    }
  )
}

/** Years from which on two digits with a month behind them are taken for a date. */
const earliestShortYear = 15
/** First numbers from here on are no years: they rise further at once than "maxJump" lets versions. */
const earliestDay = 10_000
/** Single numbers from here on count builds; smaller ones name a line of releases, which moves. */
const earliestBuild = 1000

/** Names that publishers move; what has no digit in it is such a name too. */
const movingWords = /^(?:v?[0-9]+-)?[a-z][a-z_.-]*$/i

/** Zeros in front of months and days are what tells a date from a version. */
function proposeDate(tag: string): ProposedPolicy | null {
  const version = readCalendarVersion(tag)
  if (version === null) return null
  const { separator, yearWidth, parts } = version
  const isPadded = tag
    .split(/[.-]/)
    .slice(1, 3)
    .every((part) => part.length === 2)
  const isZero = /[.-]0/.test(tag)
  const year = parts[0] ?? 0
  const isDate =
    separator === ''
      ? yearWidth === 4 && year >= 2000 && parts.length >= 3
      : isPadded && (yearWidth === 4 || (isZero && year >= earliestShortYear))
  if (!isDate || (separator !== '' && yearWidth === 4 && !isZero && parts.length < 3)) return null
  return { fields: { policy: 'calver' }, reason: `"${tag}" is a date` }
}

/** Its day stands in eight digits, so as a version it would leap with every month. */
function proposeDatedVariant(tag: string): ProposedPolicy | null {
  const [, day = '', variant = ''] = /^([0-9]{8})(-[a-z][a-z0-9.-]*)$/i.exec(tag) ?? []
  if (proposeDate(day) === null) return null
  const extract = `^(?P<version>[0-9]{8})${variant.replaceAll('.', '[.]')}$`
  const reason = `"${tag}" is a date with the variant "${variant.slice(1)}", which is kept`
  return { fields: { policy: 'calver', extract }, reason }
}

function proposeVersion(tag: string): ProposedPolicy | null {
  const version = readTagVersion(tag)
  if (version === null) return null
  const [first = 0] = version.numbers
  if (version.numbers.length === 1) {
    if (first >= earliestBuild) return proposeNumbers(tag)
    const fields = { policy: 'latest', tag }
    return { fields, reason: `"${tag}" names a line of releases and moves with it` }
  }
  const numbers = first < earliestDay ? null : proposeNumbers(tag)
  if (numbers !== null) return numbers
  const range = rangeOf(version)
  const fields = { policy: 'semver', ...(range === null ? {} : { range }) }
  return { fields, reason: `"${tag}" is a version${shapeText(version)}` }
}

/** Within the first number that is not zero, as npm's caret means it; numbers that are years have no such promise. */
function rangeOf({ numbers }: TagVersion): string | null {
  const [first = 0, second = 0] = numbers
  if (first >= earliestBuild) return null
  return first > 0 || numbers.length < 3 ? `^${first}` : `^0.${second}`
}

function shapeText({ variant, counter }: TagVersion): string {
  const kept = [
    ...(variant === '' ? [] : [`the variant "${variant.slice(1)}"`]),
    ...(counter === null ? [] : ['a build counter']),
  ]
  return kept.length === 0 ? '' : ` with ${kept.join(' and ')}, which is kept`
}

function proposeNumbers(tag: string): ProposedPolicy | null {
  if (readNumbers(tag) === null) return null
  return { fields: { policy: 'numeric' }, reason: `"${tag}" is made of numbers` }
}

/** Too many numbers for a version, and how often it was built: the numbers alone are compared. */
function proposeCounted(tag: string): ProposedPolicy | null {
  const [, numbers = '', counter = ''] =
    /^([0-9]+(?:\.[0-9]+)+)-(ls|build|r)[0-9]+$/.exec(tag) ?? []
  if (readNumbers(numbers) === null) return null
  const fields = {
    policy: 'numeric',
    extract: `^(?P<version>[0-9]+([.][0-9]+)+)-${counter}[0-9]+$`,
  }
  return { fields, reason: `"${tag}" is made of numbers, with a build counter that is left out` }
}

function proposeMoving(tag: string): ProposedPolicy | null {
  if (!movingWords.test(tag)) return null
  const fields = { policy: 'latest', ...(tag === 'latest' ? {} : { tag }) }
  return { fields, reason: `"${tag}" is moved by its publisher` }
}
