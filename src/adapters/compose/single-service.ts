import { sharedWith } from '../../domain/compose/service-order.ts'
import { MagosError } from '../../domain/error.ts'
import type { ComposeDocument } from '../../ports.ts'

type Fields = Readonly<Record<string, unknown>>

const SECTIONS = ['networks', 'volumes', 'secrets'] as const

/**
 * The document with one service alone and what it uses, so that a provider which touches everything it sees can touch
 * nothing else. Other services that it joins are named by their containers.
 */
export function singleService(
  document: ComposeDocument,
  project: string,
  name: string,
): ComposeDocument {
  const { services } = document
  const { depends_on: _waited, links: _aliases, ...rest } = services[name] ?? {}
  const service = onNetwork(listed(restarting(joined(rest, services, project))))
  const sections = SECTIONS.flatMap((section) => {
    const used = usedDefinitions(section, service, document)
    return Object.keys(used).length === 0 ? [] : [[section, used] as const]
  })
  return { ...Object.fromEntries(sections), services: { [name]: service } }
}

/** The definitions in a section of the file that a service uses, by their names in it. */
export function usedDefinitions(
  section: (typeof SECTIONS)[number],
  service: Fields,
  document: ComposeDocument,
): Fields {
  const used = usedOf(onNetwork(service)[section], fieldsOf(document[section]), section)
  if (section === 'secrets') return used
  return Object.fromEntries(Object.entries(used).map(([name, one]) => [name, withName(name, one)]))
}

/** 1.0.3 puts the project's name before that of an external volume, and makes an empty one. */
function withName(name: string, definition: unknown): unknown {
  const fields = fieldsOf(definition)
  return fields['external'] === true ? { name, ...fields } : definition
}

/** Of `deploy` it reads the resources alone, and there the policy goes before `restart`, as with Compose. */
function restarting(service: Fields): Fields {
  const { restart_policy: policy } = fieldsOf(service['deploy'])
  if (typeof policy !== 'object' || policy === null) return service
  const { condition, max_attempts: attempts } = fieldsOf(policy)
  if (condition === 'none') return { ...service, restart: 'no' }
  if (condition !== 'on-failure') return { ...service, restart: 'always' }
  const most = typeof attempts === 'number' ? `:${attempts}` : ''
  return { ...service, restart: `on-failure${most}` }
}

/**
 * 1.0.3 takes the map for names of networks even where it says no more than a list does. A priority is there for one
 * network alone, where it says nothing.
 */
function listed(service: Fields): Fields {
  const joining = fieldsOf(service['networks'])
  const names = Object.keys(joining)
  const isPlain = names.every((name) =>
    Object.keys(fieldsOf(joining[name])).every((key) => key === 'priority'),
  )
  return names.length > 0 && isPlain ? { ...service, networks: names } : service
}

/** With one network in the file it would join that one, whatever its name. */
function onNetwork(service: Fields): Fields {
  const { networks, network_mode: mode } = service
  return networks === undefined && mode === undefined
    ? { ...service, networks: ['default'] }
    : service
}

function joined(service: Fields, services: ComposeDocument['services'], project: string): Fields {
  for (const key of ['ipc', 'pid', 'uts']) {
    if (sharedWith(service[key]) !== null) throw unjoinable(key)
  }
  const other = sharedWith(service['network_mode'])
  if (other === null) return service
  const named = services[other]?.['container_name']
  const container = typeof named === 'string' ? named : `${project}_${other}_1`
  return { ...service, network_mode: `container:${container}` }
}

function usedOf(named: unknown, defined: Fields, section: string): Fields {
  const names = Array.isArray(named) ? named.flatMap(nameOf) : Object.keys(fieldsOf(named))
  const used = names.filter((name) => name in defined || section === 'networks')
  return Object.fromEntries(used.map((name) => [name, defined[name] ?? null]))
}

/** `NAME`, `NAME:/target:ro`, `{source: NAME}`. */
function nameOf(item: unknown): string[] {
  const source = typeof item === 'string' ? item.split(':')[0] : fieldsOf(item)['source']
  return typeof source === 'string' ? [source] : []
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}

function unjoinable(key: string): MagosError {
  return new MagosError('compose', `Join another service by "${key}": the provider cannot do so`, {
    remedy: 'Install Docker Compose v2, or do without the key',
  })
}
