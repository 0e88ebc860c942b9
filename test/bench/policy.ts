import { decide } from '../../src/domain/policy/decide.ts'
import { parsePolicy } from '../../src/domain/policy/parse.ts'

export interface PolicyFigure {
  readonly name: string
  /** ms, median of 20 decisions after as many to warm up. */
  readonly median: number
}

const TAGS = 10_000
const ROUNDS = 20

/** Decisions over 10,000 tags as registries list them, the policy read anew each time as every pass does. */
export function benchPolicies(): readonly PolicyFigure[] {
  const versions = makeVersions()
  const dates = Array.from({ length: TAGS }, (_, index) => dateTag(index))
  const numbers = Array.from({ length: TAGS }, (_, index) => numericTag(index))
  const everyKey = {
    include: '^v?[0-9]+\\.[0-9]+',
    exclude: 'windows|nano|-rc',
    extract: '^v?(?P<version>[0-9]+\\.[0-9]+\\.[0-9]+.*)$',
  }
  return [
    measure('semver', { policy: 'semver', range: '>=1.2 <4' }, '1.2.3', versions),
    measure('semver, include', pick(everyKey, 'include'), '1.2.3', versions),
    measure('semver, exclude', pick(everyKey, 'exclude'), '1.2.3', versions),
    measure('semver, extract', pick(everyKey, 'extract'), '1.2.3', versions),
    measure('semver, all three', { policy: 'semver', ...everyKey }, '1.2.3', versions),
    measure('calver', { policy: 'calver' }, '2005.02.03', dates),
    measure('numeric', { policy: 'numeric' }, '1.2.3.4', numbers),
  ]
}

/** One line a policy. */
export function printPolicies(figures: readonly PolicyFigure[]): void {
  console.log(`Deciding ${TAGS} tags, warm, median of ${ROUNDS}`)
  for (const { name, median } of figures) {
    console.log(`${name.padEnd(20)}  ${median.toFixed(1).padStart(5)} ms (less than 20)`)
  }
}

function pick<const K extends string>(keys: Readonly<Record<K, string>>, key: K) {
  return { policy: 'semver', [key]: keys[key] }
}

function measure(
  name: string,
  fields: Readonly<Record<string, unknown>>,
  committed: string,
  others: readonly string[],
): PolicyFigure {
  const tags = [...others.slice(1), committed]
  const times = Array.from({ length: 2 * ROUNDS }, () => {
    const started = performance.now()
    const { outcome } = decide(parsePolicy(fields), committed, tags)
    if (outcome !== 'update') throw new Error(`${name}: expected an update, got ${outcome}`)
    return performance.now() - started
  })
  const warm = times.slice(ROUNDS).toSorted((a, b) => a - b)
  return { name, median: warm[ROUNDS / 2] ?? Number.NaN }
}

function makeVersions(): readonly string[] {
  const suffixes = ['', '-alpine', '-rc.1', '-ls7', '-bookworm-slim']
  return Array.from(
    { length: TAGS },
    (_, index) =>
      `${index % 9}.${(index >> 3) % 100}.${index % 97}${suffixes[index % suffixes.length]}`,
  )
}

function dateTag(index: number): string {
  const date = new Date(Date.UTC(2000, 0, 1 + index))
  return date.toISOString().slice(0, 10).replaceAll('-', '.')
}

function numericTag(index: number): string {
  return `${index % 9}.${(index >> 3) % 100}.${index % 97}.${index % 13}`
}

if (import.meta.main) printPolicies(benchPolicies())
