import { decide } from '../../src/domain/policy/decide.ts'
import { parsePolicy } from '../../src/domain/policy/parse.ts'
import { median } from './statistics.ts'
import { textTable, type Table } from './table.ts'

const TAGS = 10_000
const ROUNDS = 20

/** Decisions over 10,000 tags as registries list them, the policy read anew each time as every pass does. */
export async function benchPolicy(): Promise<Table[]> {
  const rows = cases().map((one) => [one.name, `${measure(one).toFixed(1)} ms`])
  return [
    {
      title: `Deciding ${TAGS} tags, warm`,
      columns: ['policy', `median of ${ROUNDS}`],
      rows,
      notes: ['The aim is less than 20 ms on a machine that does nothing else.'],
    },
  ]
}

interface Case {
  readonly name: string
  readonly fields: Readonly<Record<string, unknown>>
  readonly committed: string
  readonly tags: readonly string[]
}

function cases(): readonly Case[] {
  const semver = { committed: '1.2.3', tags: makeVersions() }
  const include = '^v?[0-9]+\\.[0-9]+'
  const exclude = 'windows|nano|-rc'
  const extract = '^v?(?P<version>[0-9]+\\.[0-9]+\\.[0-9]+.*)$'
  const policy = 'semver'
  return [
    { ...semver, name: 'semver, range', fields: { policy, range: '>=1.2 <4' } },
    { ...semver, name: 'semver, include', fields: { policy, include } },
    { ...semver, name: 'semver, exclude', fields: { policy, exclude } },
    { ...semver, name: 'semver, extract', fields: { policy, extract } },
    { ...semver, name: 'semver, all three', fields: { policy, include, exclude, extract } },
    { name: 'calver', fields: { policy: 'calver' }, committed: '2005.02.03', tags: make(dateTag) },
    {
      name: 'numeric',
      fields: { policy: 'numeric' },
      committed: '1.2.3.4',
      tags: make(numericTag),
    },
  ]
}

function measure({ name, fields, committed, tags: others }: Case): number {
  const tags = [...others.slice(1), committed]
  const times = Array.from({ length: 2 * ROUNDS }, () => {
    const started = performance.now()
    const { outcome } = decide(parsePolicy(fields), committed, tags)
    if (outcome !== 'update') throw new Error(`${name}: expected an update, got ${outcome}`)
    return performance.now() - started
  })
  return median(times.slice(ROUNDS))
}

function make(tagOf: (index: number) => string): readonly string[] {
  return Array.from({ length: TAGS }, (_, index) => tagOf(index))
}

function makeVersions(): readonly string[] {
  const suffixes = ['', '-alpine', '-rc.1', '-ls7', '-bookworm-slim']
  return make((index) => {
    const numbers = `${index % 9}.${(index >> 3) % 100}.${index % 97}`
    return `${numbers}${suffixes[index % suffixes.length]}`
  })
}

function dateTag(index: number): string {
  const date = new Date(Date.UTC(2000, 0, 1 + index))
  return date.toISOString().slice(0, 10).replaceAll('-', '.')
}

function numericTag(index: number): string {
  return `${index % 9}.${(index >> 3) % 100}.${index % 97}.${index % 13}`
}

if (import.meta.main) for (const table of await benchPolicy()) console.log(textTable(table))
