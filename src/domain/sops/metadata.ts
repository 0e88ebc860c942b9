import type { Place } from '../error.ts'
import type { MetadataNode } from './metadata-node.ts'
import { refusal } from './refusal.ts'
import { defaultRule, readRule, ruleNames, type Rule } from './rule.ts'
import { parseBoolean } from './scalar-form.ts'
import { canonicalTime, withoutFraction } from './time.ts'

/** Who can open a file's data key. */
export interface KeyGroups {
  /** One: any of its recipients has the whole key. More: every group has a share. Never empty. */
  readonly groups: readonly KeyGroup[]
  /** How many groups it takes; null where the file does not say, and then it takes all. */
  readonly threshold: number | null
}

export type KeyGroup = readonly Recipient[]

export type Recipient =
  /** `recipient` is only a text: which identity opens `enc`, an armoured age file, is found by trying. */
  | { readonly kind: 'age'; readonly recipient: string; readonly enc: string }
  /** PGP or a key service of a cloud, named as in the file: `pgp`, `kms`, `gcp_kms`, `azure_kv`, `hc_vault`, `hckms`. */
  | { readonly kind: 'other'; readonly name: string }

export interface SopsMetadata {
  readonly keys: KeyGroups
  readonly rule: Rule
  /** Which values the MAC covers. */
  readonly covers: 'all' | 'encrypted'
  /** Itself a ciphertext; null where there is none. */
  readonly mac: string | null
  /** To the second, as the MAC's additional data has it. */
  readonly lastModified: string
}

/** Reads SOPS's own node. Throws `bad-metadata` where it is malformed or contradicts itself. */
export function readMetadata(node: ReadonlyMap<string, MetadataNode>, place: Place): SopsMetadata {
  const mac = readText(node, 'mac', place)
  return {
    keys: readKeyGroups(node, place),
    rule: readOnlyRule(node, place),
    covers: readCovers(node, place),
    mac: mac === '' ? null : mac,
    lastModified: readLastModified(node, place),
  }
}

const otherKinds = ['pgp', 'kms', 'gcp_kms', 'azure_kv', 'hc_vault', 'hckms'] as const

function readKeyGroups(node: ReadonlyMap<string, MetadataNode>, place: Place): KeyGroups {
  const own = readGroup(node, place)
  const groups =
    own.length > 0
      ? [own]
      : readMaps(node, 'key_groups', place).map((group) => readGroup(group, place))
  if (groups.every((group) => group.length === 0)) {
    throw refusal('bad-metadata', 'Cannot decrypt file: it names no recipients', place)
  }
  return { groups, threshold: readThreshold(node, place) }
}

function readGroup(node: ReadonlyMap<string, MetadataNode>, place: Place): KeyGroup {
  const age = readMaps(node, 'age', place).map((entry): Recipient => {
    const recipient = readText(entry, 'recipient', place) ?? ''
    return { kind: 'age', recipient, enc: readText(entry, 'enc', place) ?? '' }
  })
  const others = otherKinds.flatMap((name) =>
    readMaps(node, name, place).map((): Recipient => ({ kind: 'other', name })),
  )
  return [...age, ...others]
}

function readThreshold(node: ReadonlyMap<string, MetadataNode>, place: Place): number | null {
  const text = readText(node, 'shamir_threshold', place) ?? ''
  if (text === '' || text === '0') return null
  if (!/^[1-9]\d{0,2}$/.test(text)) throw malformed('shamir_threshold', 'a number', place)
  return Number(text)
}

function readOnlyRule(node: ReadonlyMap<string, MetadataNode>, place: Place): Rule {
  const given = ruleNames.flatMap((name) => {
    const pattern = readText(node, name, place) ?? ''
    return pattern === '' ? [] : [{ name, pattern }]
  })
  const [{ name, pattern } = defaultRule, second] = given
  if (second !== undefined) {
    const both = `${name} and ${second.name}`
    throw refusal('bad-metadata', `Cannot decrypt file: it has two rules, ${both}`, place)
  }
  return readRule(name, pattern, place)
}

function readCovers(node: ReadonlyMap<string, MetadataNode>, place: Place): SopsMetadata['covers'] {
  const text = readText(node, 'mac_only_encrypted', place) ?? ''
  if (text === '') return 'all'
  const only = parseBoolean(text)
  if (only?.kind !== 'boolean') throw malformed('mac_only_encrypted', 'true or false', place)
  return only.value ? 'encrypted' : 'all'
}

function readLastModified(node: ReadonlyMap<string, MetadataNode>, place: Place): string {
  const time = canonicalTime(readText(node, 'lastmodified', place) ?? '')
  if (time === null) throw malformed('lastmodified', 'a time of RFC 3339', place)
  return withoutFraction(time)
}

function readText(
  node: ReadonlyMap<string, MetadataNode>,
  name: string,
  place: Place,
): string | null {
  const value = node.get(name) ?? null
  if (value !== null && typeof value !== 'string') throw malformed(name, 'a text', place)
  return value
}

function readMaps(
  node: ReadonlyMap<string, MetadataNode>,
  name: string,
  place: Place,
): readonly ReadonlyMap<string, MetadataNode>[] {
  const value = node.get(name) ?? null
  if (value === null || value === '') return []
  if (!Array.isArray(value)) throw malformed(name, 'a list', place)
  return value.map((item: MetadataNode) => {
    if (item instanceof Map) return item
    throw malformed(name, 'a list of mappings', place)
  })
}

function malformed(name: string, expected: string, place: Place): Error {
  return refusal('bad-metadata', `Cannot read "${name}" of SOPS: it is not ${expected}`, place)
}
