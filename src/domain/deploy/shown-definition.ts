import { BlockList, isIP } from 'node:net'
import { factsOf, USUAL } from './definition-mark.ts'
import type { Definition } from './definitions.ts'
import { members } from './members.ts'

/** A network or a volume as its engine shows it. */
export interface ShownDefinition {
  readonly kind: Definition['kind']
  readonly name: string
  readonly driver: string
  readonly options: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
  /** Of a network; absent of a volume. */
  readonly network?: ShownNetwork
}

export interface ShownNetwork {
  readonly internal: boolean
  readonly ipv6: boolean
  readonly ranges: readonly { readonly subnet: string; readonly gateway: string }[]
}

/**
 * Keys that a definition surely says otherwise than what is there. An engine adds options of its own, chooses what
 * nobody said and spells some of what was said anew: of none of that a change can be told.
 */
export function shownOtherwise(definition: Definition, shown: ShownDefinition): readonly string[] {
  const facts = factsOf(definition)
  const driver = texts(facts)['driver'] ?? USUAL[definition.kind]
  const otherwise = {
    driver: shown.driver !== '' && shown.driver !== driver,
    ...(shown.network === undefined
      ? { driver_opts: mountsOtherwise(driver, texts(facts['driver_opts']), shown.options) }
      : networkOtherwise(facts, shown, shown.network)),
  }
  return Object.entries(otherwise).flatMap(([key, differs]) => (differs ? [key] : []))
}

function networkOtherwise(
  facts: Readonly<Record<string, unknown>>,
  { options, labels }: ShownDefinition,
  { internal, ipv6, ranges }: ShownNetwork,
) {
  return {
    // podman turns docker's names of options into its own.
    driver_opts: lacks(options, texts(facts['driver_opts']), (key) =>
      key.startsWith('com.docker.'),
    ),
    enable_ipv6: facts['enable_ipv6'] === 'true' && !ipv6,
    internal: (facts['internal'] === 'true') !== internal,
    ipam: rangesOf(facts['ipam']).some((wanted) => !ranges.some((one) => isRange(wanted, one))),
    labels: lacks(labels, texts(facts['labels']), () => false),
  }
}

function lacks(
  shown: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string>>,
  mayBeAbsent: (key: string) => boolean,
): boolean {
  return Object.entries(wanted).some(([key, value]) =>
    shown[key] === undefined ? !mayBeAbsent(key) : shown[key] !== value,
  )
}

/** Where a local volume lies; of another driver's options all that are wanted have to be there. */
function mountsOtherwise(
  driver: string,
  wanted: Readonly<Record<string, string>>,
  shown: Readonly<Record<string, string>>,
): boolean {
  if (driver !== USUAL.volume) return lacks(shown, wanted, () => false)
  return ['type', 'device', 'o'].some((key) => mountText(key, wanted) !== mountText(key, shown))
}

/** podman takes these out of `o` and keeps them by themselves. */
const KEPT_APART = /^(?:uid|gid|size|inodes|timeout)=|^(?:no)?quota$|^(?:no)?copy$/i

function mountText(key: string, options: Readonly<Record<string, string>>): string {
  const text = options[key] ?? ''
  if (key !== 'o') return text
  const words = text.split(',').filter((word) => word !== '' && !KEPT_APART.test(word))
  return words.toSorted().join(',')
}

interface Range {
  readonly subnet: string
  readonly gateway: string
}

/** Those that the definition names: without a subnet the engine chooses one. */
function rangesOf(ipam: unknown): readonly Range[] {
  const { config } = members(ipam)
  return (Array.isArray(config) ? config : []).flatMap((text: unknown) => {
    const { subnet, gateway } = texts(JSON.parse(String(text)))
    return subnet === undefined ? [] : [{ subnet, gateway: gateway ?? '' }]
  })
}

function isRange(wanted: Range, shown: Range): boolean {
  if (!isSubnet(wanted.subnet, shown.subnet)) return false
  return wanted.gateway === '' || isSubnet(wanted.gateway, shown.gateway)
}

/** Whether both texts say one subnet, or one address, however they spell it. */
function isSubnet(one: string, other: string): boolean {
  const [address = '', prefix = ''] = one.split('/')
  const [second = '', length = ''] = other.split('/')
  const family = isIP(address)
  if (family === 0 || family !== isIP(second) || prefix !== length) return one === other
  const list = new BlockList()
  const name = family === 4 ? 'ipv4' : 'ipv6'
  const bits = prefix === '' ? (family === 4 ? 32 : 128) : Number(prefix)
  if (!(bits >= 0 && bits <= (family === 4 ? 32 : 128))) return one === other
  list.addSubnet(address, bits, name)
  return list.check(second, name)
}

function texts(value: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(members(value)).flatMap(([key, one]) =>
      typeof one === 'string' ? [[key, one] as const] : [],
    ),
  )
}
