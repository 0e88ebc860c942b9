import * as fc from 'fast-check'
import { satisfies } from 'semver'
import { describe, expect, it } from 'vitest'
import { decide } from '../../../src/domain/policy/decide.ts'
import { parsePolicy } from '../../../src/domain/policy/parse.ts'
import { answersOrRefuses } from './thrown.ts'

/** A tag that was made of known parts, so that a test needs no reader of its own to know what it means. */
interface MadeTag {
  readonly tag: string
  readonly numbers: readonly number[]
  /** Word and number; null for a release. */
  readonly prerelease: readonly [word: string, number: number] | null
  readonly variant: string
  readonly counter: number | null
}

const seldom = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.oneof({ arbitrary: fc.constant(null), weight: 4 }, { arbitrary, weight: 1 })
const small = fc.integer({ min: 0, max: 4 })
const made: fc.Arbitrary<MadeTag> = fc
  .record({
    v: fc.constantFrom('', '', 'v'),
    numbers: fc.oneof(
      { arbitrary: fc.tuple(small, small, small), weight: 6 },
      { arbitrary: fc.tuple(small, small), weight: 1 },
      { arbitrary: fc.tuple(fc.constantFrom(20, 20240105), small, small), weight: 1 },
    ),
    prerelease: seldom(fc.tuple(fc.constantFrom('alpha', 'beta', 'rc'), fc.nat(12))),
    variant: fc.constantFrom('', '', '', '', '-alpine', '-bookworm-slim'),
    counter: seldom(fc.nat(12)),
    joint: fc.constantFrom('', '.', '-'),
  })
  .map(({ v, numbers, prerelease, variant, counter, joint }) => {
    const suffix = prerelease === null ? '' : `-${prerelease[0]}${joint}${prerelease[1]}`
    const build = counter === null ? '' : `-ls${counter}`
    return {
      tag: `${v}${numbers.join('.')}${suffix}${variant}${build}`,
      numbers,
      prerelease,
      variant,
      counter,
    }
  })

const crowd = fc.array(made, { maxLength: 25, size: 'max' })
const junk = fc.constantFrom('latest', 'stable', '1.2.3.4', 'fix__50', '9f3a2b1', '1.2.3p1', '2')
const list = fc.array(
  fc.oneof({ arbitrary: made.map(({ tag }) => tag), weight: 6 }, { arbitrary: junk, weight: 1 }),
  {
    maxLength: 25,
  },
)
const range = fc.constantFrom(
  '*',
  '^1',
  '>=1.2.0 <3.0.0',
  '^1 || ^3',
  '~2.1',
  '>=1.0.0-beta.2',
  '<20',
)
const filtered = fc.record(
  {
    policy: fc.constant('semver'),
    range,
    prerelease: fc.boolean(),
    missing: fc.constantFrom('hold', 'proceed'),
    maxJump: fc.constantFrom(1, 10),
    include: fc.constantFrom('[0-3]$', '^v?[1-3]', '-|^[^-]+$'),
    exclude: fc.constantFrom('22$', 'rc', '^v'),
  },
  { requiredKeys: ['policy'] },
)
/** Below zero when `a` is older; by the parts that the tags were made of, both of one scheme. */
function compareMade(a: MadeTag, b: MadeTag): number {
  for (const [index, number] of a.numbers.entries()) {
    const difference = number - (b.numbers[index] ?? 0)
    if (difference !== 0) return difference
  }
  if (a.prerelease === null || b.prerelease === null) {
    if (a.prerelease !== b.prerelease) return a.prerelease === null ? 1 : -1
  } else {
    const words = ['alpha', 'beta', 'rc']
    const byWord = words.indexOf(a.prerelease[0]) - words.indexOf(b.prerelease[0])
    const difference = byWord === 0 ? a.prerelease[1] - b.prerelease[1] : byWord
    if (difference !== 0) return difference
  }
  return (a.counter ?? 0) - (b.counter ?? 0)
}

function sameScheme(a: MadeTag, b: MadeTag): boolean {
  return (
    a.numbers.length === b.numbers.length &&
    a.variant === b.variant &&
    (a.counter === null) === (b.counter === null)
  )
}

function canonical({ numbers, prerelease }: MadeTag): string {
  const padded = [...numbers, 0, 0].slice(0, 3).join('.')
  return prerelease === null ? padded : `${padded}-${prerelease.join('.')}`
}

describe('decide()', () => {
  it('answers alike in whatever order the tags come, and however often', () => {
    const property = fc.property(
      filtered,
      fc.option(made),
      list,
      fc.infiniteStream(fc.nat()),
      (fields, committed, tags, dice) => {
        const shuffled = tags
          .map((tag) => ({ tag, key: dice.next().value ?? 0 }))
          .toSorted((a, b) => a.key - b.key)
          .map(({ tag }) => tag)
        const policy = parsePolicy(fields)
        const current = committed?.tag ?? null
        const first = decide(policy, current, tags)
        expect(decide(policy, current, shuffled)).toEqual(first)
        expect(decide(policy, current, [...shuffled, ...tags])).toEqual(first)
      },
    )
    expect(() => fc.assert(property, { numRuns: 300 })).not.toThrow()
  })

  it('does not change its choice for an older tag, the committed one in the list', () => {
    const property = fc.property(filtered, made, made, list, (fields, one, two, tags) => {
      fc.pre(sameScheme(one, two) && compareMade(one, two) !== 0)
      const [older, committed] = compareMade(one, two) < 0 ? [one, two] : [two, one]
      const policy = parsePolicy(fields)
      const before = decide(policy, committed.tag, [committed.tag, ...tags])
      const after = decide(policy, committed.tag, [committed.tag, ...tags, older.tag])
      expect([after.outcome, after.tag, after.reason]).toEqual([
        before.outcome,
        before.tag,
        before.reason,
      ])
      expect(after.considered.find(({ tag }) => tag === older.tag)?.verdict).toBe('rejected')
    })
    expect(() => fc.assert(property, { numRuns: 300 })).not.toThrow()
  })

  it('chooses only what satisfies range, filters, scheme and jump, and is above the committed tag', () => {
    let updates = 0
    const property = fc.property(filtered, made, crowd, (fields, committed, others) => {
      const tags = [committed, ...others]
      const decision = decide(
        parsePolicy(fields),
        committed.tag,
        tags.map(({ tag }) => tag),
      )
      expect(['update', 'current']).toContain(decision.outcome)
      if (decision.outcome === 'current') {
        if (decision.tag !== committed.tag) throw new Error('another tag stays')
        return
      }
      updates++
      const chosen = tags.find(({ tag }) => tag === decision.tag)
      if (chosen === undefined) throw new Error('a tag was chosen that is not in the list')
      const includePrerelease = fields.prerelease === true || committed.prerelease !== null
      expect(satisfies(canonical(chosen), fields.range ?? '*', { includePrerelease })).toBe(true)
      expect(new RegExp(fields.include ?? '').test(chosen.tag)).toBe(true)
      expect(fields.exclude !== undefined && new RegExp(fields.exclude).test(chosen.tag)).toBe(
        false,
      )
      expect(sameScheme(committed, chosen)).toBe(true)
      expect(compareMade(chosen, committed)).toBeGreaterThan(0)
      expect((chosen.numbers[0] ?? 0) - (committed.numbers[0] ?? 0)).toBeLessThanOrEqual(
        fields.maxJump ?? 10,
      )
    })
    expect(() => fc.assert(property, { numRuns: 1000 })).not.toThrow()
    expect(updates).toBeGreaterThan(60)
  })

  it('leaves nothing newer behind that fits as well', () => {
    const property = fc.property(made, crowd, (committed, others) => {
      const policy = parsePolicy({ policy: 'semver', prerelease: true, maxJump: 30_000_000 })
      const tags = [committed, ...others]
      const { tag } = decide(
        policy,
        committed.tag,
        tags.map((one) => one.tag),
      )
      const fitting = tags.filter((one) => sameScheme(one, committed))
      const chosen = fitting.find((one) => one.tag === tag)
      if (chosen === undefined) throw new Error('a tag was chosen that does not fit')
      expect(fitting.every((one) => compareMade(one, chosen) <= 0)).toBe(true)
    })
    expect(() => fc.assert(property, { numRuns: 500 })).not.toThrow()
  })

  it('never changes anything for an empty list', () => {
    const property = fc.property(filtered, fc.option(made), (fields, committed) => {
      const decision = decide(parsePolicy(fields), committed?.tag ?? null, [])
      expect(['hold', 'current', 'none']).toContain(decision.outcome)
    })
    expect(() => fc.assert(property, { numRuns: 200 })).not.toThrow()
  })

  it('names every distinct tag once, and throws nothing but the one error class', () => {
    const anyTag = fc.oneof(
      fc.string({ unit: 'binary' }),
      junk,
      fc.stringMatching(/^v?[0-9a-z._-]{0,12}$/),
    )
    const fields = fc.record(
      {
        policy: fc.constantFrom('semver', 'calver', 'numeric', 'latest', 'digest'),
        range: fc.oneof(range, fc.string()),
        include: fc.string(),
        extract: fc.constantFrom(
          '(?P<version>.*)',
          '^[a-z]+-(?<version>.+)',
          'x?(?P<version>[0-9])?',
        ),
      },
      { requiredKeys: ['policy'] },
    )
    const property = fc.property(
      fields,
      fc.option(anyTag),
      fc.array(anyTag),
      (value, committed, tags) =>
        answersOrRefuses(() => {
          const decision = decide(parsePolicy(value), committed, tags)
          const named = decision.considered.map(({ tag }) => tag)
          expect(named.toSorted()).toEqual([...new Set(tags)].toSorted())
        }),
    )
    expect(() => fc.assert(property, { numRuns: 400 })).not.toThrow()
  })
})

/** Tags of the other orders, with what they mean to whoever made them. */
interface OrderedTag {
  readonly tag: string
  readonly shape: string
  readonly parts: readonly number[]
}

const two = (number: number) => String(number).padStart(2, '0')
const dates: fc.Arbitrary<OrderedTag> = fc
  .tuple(
    fc.integer({ min: 2019, max: 2027 }),
    fc.integer({ min: 1, max: 12 }),
    fc.integer({ min: 1, max: 28 }),
    fc.constantFrom('.', '-', ''),
    fc.constantFrom(2, 3),
  )
  .map(([year, month, date, separator, count]) => {
    const parts = [year, month, date].slice(0, count)
    const tag = [String(year), two(month), two(date)].slice(0, count).join(separator)
    return { tag, shape: `${separator}${count}`, parts }
  })
const numbers: fc.Arbitrary<OrderedTag> = fc
  .array(fc.nat(12), { minLength: 1, maxLength: 5 })
  .map((parts) => ({ tag: parts.join('.'), shape: String(parts.length), parts }))

function compareParts(a: OrderedTag, b: OrderedTag): number {
  const index = a.parts.findIndex((part, at) => part !== b.parts[at])
  return index === -1 ? 0 : (a.parts[index] ?? 0) - (b.parts[index] ?? 0)
}

describe.each([
  ['calver', dates],
  ['numeric', numbers],
])('decide() by %s', (kind, ordered) => {
  const policy = parsePolicy({ policy: kind })

  it('chooses the highest of the committed shape, in whatever order, and never below', () => {
    let updates = 0
    const others = fc.array(ordered, { maxLength: 30, size: 'max' })
    const property = fc.property(ordered, others, (committed, more) => {
      const all = [committed, ...more]
      const tags = all.map(({ tag }) => tag)
      const decision = decide(policy, committed.tag, tags)
      expect(decide(policy, committed.tag, tags.toReversed())).toEqual(decision)
      const rivals = all.filter(({ shape }) => shape === committed.shape)
      const chosen = rivals.find(({ tag }) => tag === decision.tag)
      if (chosen === undefined) throw new Error('a tag was chosen that is not in the list')
      expect(rivals.every((one) => compareParts(one, chosen) <= 0)).toBe(true)
      expect(decision.outcome).toBe(compareParts(chosen, committed) > 0 ? 'update' : 'current')
      if (decision.outcome === 'update') updates += 1
    })
    expect(() => fc.assert(property, { numRuns: 300 })).not.toThrow()
    expect(updates).toBeGreaterThan(30)
  })

  it('does not change its choice for an older tag', () => {
    const property = fc.property(ordered, ordered, fc.array(ordered), (one, other, more) => {
      fc.pre(one.shape === other.shape && compareParts(one, other) !== 0)
      const [older, committed] = compareParts(one, other) < 0 ? [one, other] : [other, one]
      const tags = [committed, ...more].map(({ tag }) => tag)
      const before = decide(policy, committed.tag, tags)
      const after = decide(policy, committed.tag, [...tags, older.tag])
      expect([after.outcome, after.tag]).toEqual([before.outcome, before.tag])
    })
    expect(() => fc.assert(property, { numRuns: 300 })).not.toThrow()
  })
})
