import Range from 'semver/classes/range.js'
import { MagosError } from '../error.ts'
import type { TagVersion } from './tag-version.ts'
import { compareNumbers, comparePrereleases, readPrerelease } from './tag-version.ts'

export type PrereleaseReading = 'by-range' | 'included'

type Versioned = Pick<TagVersion, 'numbers' | 'prerelease'>
type Operator = '' | '=' | '<' | '<=' | '>' | '>='

interface Bound extends Versioned {
  readonly operator: Operator
}

/** Alternatives, each a list of bounds that hold together; an empty list admits everything. */
export interface VersionRange {
  readonly text: string
  readonly reading: PrereleaseReading
  readonly alternatives: readonly (readonly Bound[])[]
}

// npm's own grammar: https://github.com/npm/node-semver#range-grammar. It is checked before npm reads the text, because
// npm reads more than it means: it drops `3` in `1.*.3`, takes `~=` for `~` and a missing alternative for `*`.
const number = '(?:0|[1-9][0-9]*)'
const wildcard = '[xX*]'
const identifiers = '[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*'
const fullVersion = `${number}\\.${number}\\.${number}(?:-${identifiers})?(?:\\+${identifiers})?`
const partialVersion = [
  `${wildcard}(?:\\.${wildcard}){0,2}`,
  `${number}(?:\\.${wildcard}){0,2}`,
  `${number}\\.${number}(?:\\.${wildcard})?`,
].join('|')
const version = `v?(?:${fullVersion}|${partialVersion})`
const comparator = `(?:[<>]=?|[=~^])? ?${version}`
const alternativePattern = new RegExp(
  `^(?:${version} - ${version}|${comparator}(?: ${comparator})*)$`,
)
const maxRangeLength = 1000

/** Reads a range in npm's dialect. Throws `policy` for anything that dialect does not mean. */
export function parseRange(text: string, reading: PrereleaseReading): VersionRange {
  const normal = text.trim().replace(/\s+/g, ' ')
  if (text.length > maxRangeLength) {
    throw refusal(text, `it is longer than ${maxRangeLength} characters`)
  }
  for (const alternative of normal.split('||').map((part) => part.trim())) {
    const problem = alternativeProblem(alternative, normal)
    if (problem !== null) throw refusal(text, problem)
  }
  try {
    const range = new Range(normal, { includePrerelease: reading === 'included' })
    return {
      text,
      reading,
      alternatives: range.set.map((comparators) => comparators.flatMap(toBound)),
    }
  } catch (error) {
    throw refusal(text, error instanceof Error ? error.message : String(error), error)
  }
}

/** Whether a version, its missing parts read as zero, is in the range by npm's rules for prereleases. */
export function inRange({ reading, alternatives }: VersionRange, candidate: Versioned): boolean {
  return alternatives.some(
    (bounds) =>
      bounds.every((bound) => holds(bound, candidate)) &&
      (reading === 'included' ||
        candidate.prerelease.length === 0 ||
        bounds.some((bound) => invitesPrerelease(bound, candidate))),
  )
}

/** npm admits a prerelease only where a bound names a prerelease of that very version. */
function invitesPrerelease(bound: Bound, candidate: Versioned): boolean {
  return bound.prerelease.length > 0 && compareNumbers(bound.numbers, candidate.numbers) === 0
}

function holds({ operator, numbers, prerelease }: Bound, candidate: Versioned): boolean {
  const order =
    compareNumbers(candidate.numbers, numbers) ||
    comparePrereleases(candidate.prerelease, prerelease)
  if (order === 0) return operator !== '<' && operator !== '>'
  return order < 0 ? operator.startsWith('<') : operator.startsWith('>')
}

function toBound({ value, operator, semver }: Range['set'][number][number]): readonly Bound[] {
  if (value === '') return []
  const written = semver.prerelease.map(String)
  return [
    {
      operator,
      numbers: [semver.major, semver.minor, semver.patch],
      // A bound is read as a tag is, so that `-beta2` in a range and in a tag are one thing.
      prerelease: readPrerelease(`-${written.join('.')}`) ?? written,
    },
  ]
}

function alternativeProblem(alternative: string, range: string): string | null {
  if (alternative === '') {
    return range === '' ? 'it is empty' : 'there is nothing on one side of "||"'
  }
  if (alternative.includes('!=')) return 'npm ranges have no "!="'
  if (alternative.includes(',')) return 'npm ranges have no commas'
  const foreign = /~ ?[>=]|={2,}|=[<>]/.exec(alternative)
  if (foreign !== null) return `npm ranges have no ${JSON.stringify(foreign[0])}`
  if (/(?:^|[^0-9A-Za-z.+-]|[vV.])0[0-9]/.test(alternative.replace(/[-+][0-9A-Za-z.-]+/g, ''))) {
    return 'a number in it has zeros in front'
  }
  return alternativePattern.test(alternative)
    ? null
    : `${JSON.stringify(alternative)} is no range of versions`
}

function refusal(text: string, problem: string, cause?: unknown): MagosError {
  return new MagosError('policy', `Cannot read range ${JSON.stringify(text)}: ${problem}`, {
    cause,
    remedy:
      'write a range in npm\'s dialect: "*", "^1.2.0", "~1.2.0", ">=1.2.0 <2.0.0", "1.2.0 - 1.4.0", alternatives joined by ||; tags to leave out belong in "exclude"',
  })
}
