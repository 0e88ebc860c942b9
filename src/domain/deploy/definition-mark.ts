import { createHash } from 'node:crypto'
import { canonicalJson } from './canonical.ts'
import { plain, type Definition } from './definitions.ts'
import { labelMap } from './label-map.ts'
import { members } from './members.ts'

type Facts = Readonly<Record<string, unknown>>

/**
 * A text for the label of what is made of a definition: each of its keys with a digest of what it says, so that a change
 * can be named. No key of this host is in them: whoever sees the label is shown the options themselves beside it.
 */
export function markOf(definition: Definition): string {
  const keys = Object.entries(factsOf(definition)).map(([key, value]) => `${key}=${short(value)}`)
  return keys.length === 0 ? NOTHING : keys.toSorted().join(' ')
}

/** Keys that a definition says otherwise than the one that the mark was made of. */
export function changedSince(mark: string, definition: Definition): readonly string[] {
  const [before, now] = [readMark(mark), readMark(markOf(definition))]
  const keys = new Set([...before.keys(), ...now.keys()])
  return [...keys].filter((key) => before.get(key) !== now.get(key)).toSorted()
}

/** What a definition says, in one spelling; what is as if it were not said is left out. */
export function factsOf({ kind, fields }: Definition): Facts {
  const facts = kind === 'network' ? networkFacts(fields) : {}
  const own = Object.entries(fields).filter(([key]) => key.startsWith('x-podman'))
  const driver = textOf(fields['driver'])
  const all = {
    ...facts,
    ...Object.fromEntries(own),
    driver: driver === USUAL[kind] || driver === 'default' ? '' : driver,
    driver_opts: textsOf(fields['driver_opts']),
    labels: textsOf(labelMap(fields['labels'])),
  }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => isSaid(value)))
}

/** The drivers that engines take where none is named. */
export const USUAL = { network: 'bridge', volume: 'local' } as const

const NOTHING = '-'

function networkFacts(fields: Facts): Facts {
  const { driver, config, options } = members(fields['ipam'])
  const ranges = (Array.isArray(config) ? config : []).map((range: unknown) => {
    const { aux_addresses: reserved, ...rest } = members(range)
    const said = { ...textsOf(rest), reserved: textsOf(reserved) }
    return Object.fromEntries(Object.entries(said).filter(([, value]) => isSaid(value)))
  })
  const ipam = {
    driver: driver === 'default' ? '' : textOf(driver),
    config: ranges.map(canonicalJson).toSorted(),
    options: textsOf(options),
  }
  return {
    ipam: Object.values(ipam).some(isSaid) ? ipam : '',
    internal: isTrue(fields['internal']) ? 'true' : '',
    enable_ipv6: isTrue(fields['enable_ipv6']) ? 'true' : '',
    enable_ipv4: textOf(fields['enable_ipv4']) === 'false' ? 'false' : '',
  }
}

function isSaid(value: unknown): boolean {
  if (value === '' || value === null || value === undefined) return false
  return typeof value !== 'object' || Object.keys(value).length > 0
}

function isTrue(value: unknown): boolean {
  return textOf(value) === 'true'
}

function textsOf(value: unknown): Readonly<Record<string, string>> {
  const entries = Object.entries(members(value))
  return Object.fromEntries(entries.map(([key, one]) => [plain(key), textOf(one)]))
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return plain(value)
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''
}

function short(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex').slice(0, 12)
}

function readMark(mark: string): ReadonlyMap<string, string> {
  const pairs = mark.split(' ').filter((pair) => pair.includes('='))
  return new Map(pairs.map((pair) => [pair.replace(/=[^=]*$/, ''), pair.replace(/^.*=/, '')]))
}
