/** What a rebuild of the same version counts with. A closed list: any other suffix is a variant. */
export type CounterKind = (typeof counterKinds)[number]

const counterKinds = ['-ls', '-r', '-build', '-', '_', '_b'] as const

export interface Counter {
  readonly kind: CounterKind
  /** Decimal digits without zeros in front, of any length. */
  readonly digits: string
}

/** A version as it stands in a tag, read without loss. */
export interface TagVersion {
  /** One to three, each a safe integer. */
  readonly numbers: readonly number[]
  /** Identifiers as semver orders them: words in lower case, digits without zeros in front; empty for a release. */
  readonly prerelease: readonly string[]
  /** Every suffix that belongs to no order, with the dash before it; empty when there is none. */
  readonly variant: string
  readonly counter: Counter | null
  readonly spelledWithV: boolean
}

type Suffix = Pick<TagVersion, 'prerelease' | 'variant' | 'counter'>

const bare: Suffix = { prerelease: [], variant: '', counter: null }

const numbersPattern = /^(v?)([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?/
const prereleasePattern =
  /^-?(alpha|beta|rc|preview|pre|dev|nightly|canary|snapshot|next|edge|a|b)(?:[._-]?([0-9]+))?((?:\.[0-9A-Za-z]+)*)(?=-|$)/i
const counterPattern = /^(-ls|-r|-build|-|_b|_)([0-9]+)(?=[-_]|$)/
/** Behind a prerelease a bare number is no counter. */
const namedCounterPattern = /^(-ls|-r|-build)([0-9]+)(?=[-_]|$)/
/** Behind a variant only these count: the number in `-debian-12` belongs to the variant. */
const trailingCounterPattern = /^(-.+)(-ls|-r|-build)([0-9]+)$/s
const variantPattern = /^-./s

/** Reads a version out of a tag; null when anything of it would be lost or guessed. */
export function readTagVersion(text: string): TagVersion | null {
  const match = numbersPattern.exec(text)
  if (match === null) return null
  const numbers: number[] = []
  for (let part = 2; part <= 4; part++) {
    const digits = match[part]
    if (digits !== undefined) numbers.push(Number(digits))
  }
  if (!numbers.every(Number.isSafeInteger)) return null
  const rest = text.slice(match[0].length)
  const suffix = rest === '' ? bare : readSuffix(rest)
  if (suffix === null) return null
  const { prerelease, variant, counter } = suffix
  return { numbers, prerelease, variant, counter, spelledWithV: match[1] !== '' }
}

/** The identifiers of a prerelease written behind a version, or null when the text is no known prerelease. */
export function readPrerelease(text: string): readonly string[] | null {
  const match = prereleasePattern.exec(text)
  return match !== null && match[0].length === text.length ? identifiers(match) : null
}

/** Below zero when `a` is older. Parts of versions that have another scheme do not compare: see `schemeMismatch`. */
export function compareVersions(a: TagVersion, b: TagVersion): number {
  return (
    compareNumbers(a.numbers, b.numbers) ||
    comparePrereleases(a.prerelease, b.prerelease) ||
    compareDigits(a.counter?.digits ?? '0', b.counter?.digits ?? '0')
  )
}

/** Missing parts count as zero. */
export function compareNumbers(a: readonly number[], b: readonly number[]): number {
  for (let index = 0; index < 3; index++) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/** By https://semver.org/#spec-item-11; a release, which has no identifiers, is above all its prereleases. */
export function comparePrereleases(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return b.length - a.length
  for (let index = 0; index < Math.min(a.length, b.length); index++) {
    const difference = compareIdentifiers(a[index] ?? '', b[index] ?? '')
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

function readSuffix(text: string): Suffix | null {
  const match = prereleasePattern.exec(text)
  if (match !== null) {
    const build = readBuild(text.slice(match[0].length), namedCounterPattern)
    return build === null ? null : { prerelease: identifiers(match), ...build }
  }
  const build = readBuild(text, counterPattern)
  return build === null ? null : { prerelease: [], ...build }
}

/** Counters and a variant: of several counters the last counts, those before it belong to the variant. */
function readBuild(text: string, leading: RegExp): Omit<Suffix, 'prerelease'> | null {
  let counter: Counter | null = null
  let passed = ''
  let rest = text
  for (let match = leading.exec(rest); match !== null; match = leading.exec(rest)) {
    passed = text.slice(0, text.length - rest.length)
    counter = toCounter(match[1], match[2])
    rest = rest.slice(match[0].length)
  }
  if (rest === '') return { variant: passed, counter }
  if (!variantPattern.test(rest)) {
    return variantPattern.test(text) ? { variant: text, counter: null } : null
  }
  const trailing = trailingCounterPattern.exec(rest)
  if (trailing === null) return { variant: passed + rest, counter }
  const before = text.slice(0, text.length - rest.length)
  return { variant: before + (trailing[1] ?? ''), counter: toCounter(trailing[2], trailing[3]) }
}

function identifiers(match: RegExpExecArray): readonly string[] {
  const [, word = '', number, dotted = ''] = match
  const all = [word.toLowerCase(), ...(number === undefined ? [] : [number])]
  if (dotted !== '') all.push(...dotted.slice(1).split('.'))
  return all.map((identifier) => (isDigits(identifier) ? withoutZeros(identifier) : identifier))
}

function toCounter(text: string | undefined, digits = ''): Counter | null {
  const kind = counterKinds.find((known) => known === text)
  return kind === undefined ? null : { kind, digits: withoutZeros(digits) }
}

function compareIdentifiers(a: string, b: string): number {
  if (isDigits(a) && isDigits(b)) return compareDigits(a, b)
  if (isDigits(a) !== isDigits(b)) return isDigits(a) ? -1 : 1
  return compareText(a, b)
}

/** Digits of any length, so that a time stamp beyond 2^53 keeps its order. */
function compareDigits(a: string, b: string): number {
  return a.length - b.length || compareText(a, b)
}

function compareText(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

function isDigits(text: string): boolean {
  return /^[0-9]+$/.test(text)
}

function withoutZeros(digits: string): string {
  return digits.replace(/^0+(?=[0-9])/, '')
}
