import { MagosError } from '../error.ts'
import type { Digest } from '../image-reference.ts'
import { isDigest, isTag } from '../image-reference.ts'
import { compileFilters } from './filters.ts'
import { parseIgnore } from './ignore.ts'
import type { DigestPolicy, LatestPolicy, Policy, SemverPolicy, TagFilters } from './policy.ts'
import { parseRange } from './range.ts'
import { parseRules, ruleKeys } from './rules.ts'

type Fields = Readonly<Record<string, unknown>>

const orderedKeys = [
  'include',
  'exclude',
  'extract',
  'missing',
  'moved',
  'ignore',
  ...ruleKeys,
] as const
const keysOf = {
  semver: ['range', 'prerelease', 'maxJump', ...orderedKeys],
  calver: orderedKeys,
  numeric: orderedKeys,
  latest: ['tag', ...ruleKeys],
  digest: ['digest'],
} as const satisfies Record<Policy['kind'], readonly string[]>

/** All keys that policies take, `policy` itself left out. */
export const policyKeys: readonly string[] = [...new Set(Object.values(keysOf).flat())]

/** Reads the keys of a policy out of an annotation; what is left out has its default. Throws `policy` with the remedy. */
export function parsePolicy(fields: Fields): Policy {
  const kind = parseKind(fields['policy'])
  refuseForeignKeys(kind, fields)
  switch (kind) {
    case 'semver':
      return parseSemver(fields)
    case 'calver':
    case 'numeric':
      return { kind, ...parseOrdering(fields, 'refused') }
    case 'latest':
      return parseLatest(fields)
    case 'digest':
      return parseDigest(fields)
  }
}

/**
 * Those of a repository's defaults that this kind of policy takes. They are written with `semver` in mind; what no policy
 * knows stays, so that a mistyped guard holds the image instead of being left out.
 */
export function defaultsFor(kind: unknown, defaults: Fields): Fields {
  if (!isKind(kind) || kind === 'digest') return {}
  if (kind === 'semver') return defaults
  const [own, usual]: readonly (readonly string[])[] = [keysOf[kind], keysOf.semver]
  return Object.fromEntries(
    Object.entries(defaults).filter(([key]) =>
      policyKeys.includes(key) ? own?.includes(key) && usual?.includes(key) : true,
    ),
  )
}

function isKind(value: unknown): value is Policy['kind'] {
  return typeof value === 'string' && Object.hasOwn(keysOf, value)
}

function parseKind(value: unknown): Policy['kind'] {
  const kinds = Object.keys(keysOf).map((kind) => JSON.stringify(kind))
  const remedy = `write "policy": ${kinds.slice(0, -1).join(', ')} or ${kinds.at(-1)}`
  if (value === undefined) {
    throw new MagosError('policy', 'Cannot read the policy: the key "policy" is missing', {
      remedy,
    })
  }
  if (isKind(value)) return value
  throw new MagosError('policy', `Cannot read policy ${show(value)}: there is none of that name`, {
    remedy,
  })
}

function refuseForeignKeys(kind: Policy['kind'], fields: Fields): void {
  const own: readonly string[] = keysOf[kind]
  for (const key of Object.keys(fields)) {
    if (key === 'policy' || own.includes(key)) continue
    const owners = Object.entries(keysOf).filter(([, keys]) => keys.some((name) => name === key))
    const owner = owners.map(([name]) => name)[0]
    throw new MagosError(
      'policy',
      owner === undefined
        ? `Cannot read the policy: the key ${JSON.stringify(key)} is unknown`
        : `Cannot read policy "${kind}": the key "${key}" belongs to policy "${owner}"`,
      { remedy: `policy "${kind}" takes ${own.map((name) => `"${name}"`).join(', ')}` },
    )
  }
}

function parseSemver(fields: Fields): SemverPolicy {
  const ordering = parseOrdering(fields, 'allowed')
  const range = textField(fields, 'range') ?? '*'
  parseRange(range, 'by-range')
  return {
    kind: 'semver',
    ...ordering,
    range,
    prerelease: prereleaseField(fields['prerelease']),
    maxJump: maxJumpField(fields['maxJump']),
  }
}

/** What all policies have that put tags in an order. */
function parseOrdering(fields: Fields, ranges: 'allowed' | 'refused') {
  const filters: TagFilters = {
    include: textField(fields, 'include') ?? null,
    exclude: textField(fields, 'exclude') ?? null,
    extract: textField(fields, 'extract') ?? null,
  }
  compileFilters(filters)
  return {
    ...filters,
    missing: missingField(fields['missing']),
    moved: movedField(fields['moved']),
    ignore: parseIgnore(fields['ignore'], ranges),
    ...parseRules(fields),
  }
}

function parseLatest(fields: Fields): LatestPolicy {
  const tag = textField(fields, 'tag') ?? 'latest'
  if (isTag(tag)) return { kind: 'latest', tag, ...parseRules(fields) }
  throw wrongValue('tag', tag, 'a tag is up to 128 letters, digits, dots, dashes and underscores')
}

function parseDigest(fields: Fields): DigestPolicy {
  const digest = textField(fields, 'digest')
  return { kind: 'digest', digest: digest === undefined ? null : checkedDigest(digest) }
}

function checkedDigest(text: string): Digest {
  if (isDigest(text)) return text
  throw wrongValue('digest', text, 'a digest is sha256: and 64 lower-case hex digits')
}

function textField(fields: Fields, key: string): string | undefined {
  const value = fields[key]
  if (value === undefined || typeof value === 'string') return value
  throw wrongValue(key, value, 'write a text in double quotes')
}

function prereleaseField(value: unknown): SemverPolicy['prerelease'] {
  if (value === undefined || value === false) return 'by-range'
  if (value === true) return 'included'
  throw wrongValue('prerelease', value, 'write true or false, without quotes')
}

function maxJumpField(value: unknown): number {
  if (value === undefined) return 10
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw wrongValue('maxJump', value, 'write a whole number from 0 on, without quotes')
}

function missingField(value: unknown): SemverPolicy['missing'] {
  if (value === undefined) return 'hold'
  if (value === 'hold' || value === 'proceed') return value
  throw wrongValue('missing', value, 'write "hold" or "proceed"')
}

function movedField(value: unknown): SemverPolicy['moved'] {
  if (value === undefined) return 'ignore'
  if (value === 'ignore' || value === 'follow') return value
  throw wrongValue('moved', value, 'write "ignore" or "follow"')
}

function wrongValue(key: string, value: unknown, remedy: string): MagosError {
  return new MagosError(
    'policy',
    `Cannot read "${key}" ${show(value)}: it is nothing that "${key}" can be`,
    { remedy },
  )
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
