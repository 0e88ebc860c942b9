import { createHash } from 'node:crypto'
import { posix } from 'node:path'
import { parseDocument } from 'yaml'
import { networksOf, ownDefinitions } from '../../src/domain/deploy/definitions.ts'
import { isSamePort, publishedPorts } from '../../src/domain/deploy/published-ports.ts'
import { MagosError } from '../../src/domain/error.ts'
import type { ApplyRequest, Compose, ComposeDocument, Evidence } from '../../src/ports.ts'
import type { Provider, ResolveRequest } from '../../src/ports.ts'
import { imageKey } from './memory-engine.ts'
import type { MemoryContainer, MemoryHost } from './memory-engine.ts'

type Fields = Readonly<Record<string, unknown>>

export interface MemoryComposeOptions {
  readonly provider?: Provider
  /** Answers an `up` instead of doing it; null to do it. */
  readonly answerUp?: (request: ApplyRequest) => Evidence | null
}

const PROVIDER: Provider = {
  name: 'docker-compose',
  version: '2.26.1',
  path: '/memory',
  limits: [],
}

/**
 * A compose provider of the host in memory: one container a replica, recreated where its definition changed. It reads
 * whole files that override each other service by service, inlines env_files and knows relative binds; it knows neither
 * `${}`, nor `extends`, nor `include`.
 */
export function createMemoryCompose(
  host: MemoryHost,
  { provider = PROVIDER, answerUp }: MemoryComposeOptions = {},
): Compose {
  return {
    async provider(_made, signal) {
      host.enter('provider', signal)
      return await Promise.resolve(provider)
    },
    async resolve(request, signal) {
      host.enter(`resolve ${request.project}`, signal)
      return await Promise.resolve(resolve(request))
    },
    async up(request, signal) {
      const { project, services } = request
      host.enter(['up', project, ...(services === 'all' ? ['all'] : services)].join(' '), signal)
      return await Promise.resolve(answerUp?.(request) ?? up(host, request))
    },
  }
}

function resolve(request: ResolveRequest): ComposeDocument {
  const services: Record<string, Fields> = {}
  for (const file of request.files) {
    for (const [name, service] of Object.entries(readServices(request, file))) {
      services[name] = { ...services[name], ...service }
    }
  }
  const active = Object.entries(services).filter(([, { profiles }]) => {
    return (
      !Array.isArray(profiles) || profiles.some((one) => request.profiles.includes(String(one)))
    )
  })
  const resolved = active.map(([name, { profiles: _active, ...service }]) => [
    name,
    resolveService(request, service),
  ])
  const sections = request.files.map((file) => {
    const read: unknown = parseDocument(readInput(request, file, file)).toJS()
    const { networks, volumes } = isFields(read) ? read : {}
    return {
      ...(isFields(networks) ? { networks } : {}),
      ...(isFields(volumes) ? { volumes } : {}),
    }
  })
  const all = Object.assign({}, ...sections)
  return { name: request.project, ...all, services: Object.fromEntries(resolved) }
}

function readServices(request: ResolveRequest, file: string): Readonly<Record<string, Fields>> {
  const document = parseDocument(readInput(request, file, file))
  const [error] = document.errors
  if (error !== undefined) {
    const line = error.linePos?.[0].line
    throw new MagosError('compose', `Resolve "${request.project}": ${error.message}`, {
      place: line === undefined ? { file } : { file, line },
    })
  }
  const services: unknown = document.toJS()?.services
  if (isFields(services) && Object.values(services).every(isFields)) {
    return Object.fromEntries(Object.entries(services).filter((one) => isPair(one)))
  }
  throw new MagosError('compose', `Resolve "${request.project}": services must be a mapping`, {
    place: { file },
  })
}

function resolveService(request: ResolveRequest, service: Fields): Fields {
  const { env_file: envFile, volumes, ...rest } = service
  const files = [envFile ?? []].flat().map(String)
  const inlined = files.flatMap((file) => {
    const path = posix.join(request.directory, file)
    return environmentLines(readInput(request, path, request.files[0] ?? ''))
  })
  const environment = { ...Object.fromEntries(inlined), ...asMap(service['environment']) }
  const binds = Array.isArray(volumes) ? volumes.map((one) => bind(request, String(one))) : []
  return {
    ...rest,
    ...(Object.keys(environment).length > 0 ? { environment } : {}),
    ...(binds.length > 0 ? { volumes: binds } : {}),
  }
}

function bind({ home }: ResolveRequest, volume: string): unknown {
  const [source = '', target = ''] = volume.split(':')
  return source.startsWith('.')
    ? { type: 'bind', source: posix.join(home, source), target }
    : { type: 'volume', source, target }
}

function readInput(request: ResolveRequest, path: string, place: string): string {
  const input = request.inputs.find((one) => one.path === path)
  if (input !== undefined) return Buffer.from(input.content).toString('utf8')
  throw new MagosError('compose', `Resolve "${request.project}": "${path}" not found`, {
    place: { file: place },
  })
}

function environmentLines(text: string): readonly (readonly [string, string])[] {
  return text
    .split('\n')
    .filter((line) => /^\w+=/.test(line))
    .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)])
}

function up(host: MemoryHost, request: ApplyRequest): Evidence {
  const { document, services } = request
  const due = services === 'all' ? Object.keys(document.services) : services
  const absent = due
    .map((name) => document.services[name])
    .filter((service) => service?.['build'] === undefined)
    .map((service) => String(service?.['image']))
    .find((image) => !host.images.has(imageKey(image)))
  if (absent !== undefined) return { exitCode: 1, output: `${absent}: No such image\n` }
  makeDefinitions(host, request)
  for (const name of due) {
    const taken = takenPort(host, request, name)
    if (taken !== null) {
      return { exitCode: 1, output: `port ${taken}: address already in use\n` }
    }
    const hanging = hangingOne(host, request, name)
    if (hanging !== null) {
      return { exitCode: 1, output: `container ${hanging} must be in Created or Stopped state\n` }
    }
    const bound = apply(host, request, name)
    if (bound !== null) {
      return { exitCode: 1, output: `container ${bound} has dependent containers\n` }
    }
  }
  return { exitCode: 0, output: due.map((name) => `Container ${name}  Started\n`).join('') }
}

/** As a provider does: what is there already is left as it is, whatever is said of it. */
function makeDefinitions(host: MemoryHost, { document, project }: ApplyRequest): void {
  for (const { kind, name, fields } of ownDefinitions(document, project)) {
    const key = `${kind} ${name}`
    if (host.made.has(key)) continue
    const labels = { ...asMap(fields['labels']), 'com.docker.compose.project': project }
    const options = asMap(fields['driver_opts'])
    const network = { internal: fields['internal'] === true, ipv6: false, ranges: [] }
    const [driver, more] = kind === 'network' ? ['bridge', { network }] : ['local', {}]
    host.made.set(key, { kind, name, driver, options, labels, ...more })
  }
}

/** A port that a container of another service has. */
function takenPort(host: MemoryHost, { project, document }: ApplyRequest, service: string) {
  const wanted = publishedPorts(document.services[service] ?? {})
  const others = [...host.containers.values()].filter(
    (one) => one.stopped === null && !(one.project === project && one.service === service),
  )
  const taken = wanted.find((port) =>
    others.some((one) => one.ports.some((theirs) => isSamePort(port, theirs))),
  )
  return taken?.port ?? null
}

/** podman starts nothing that it is stopping. */
function hangingOne(host: MemoryHost, { project }: ApplyRequest, service: string): string | null {
  const own = [...host.containers.values()].filter(
    (one) => one.project === project && one.service === service,
  )
  return own.find(({ hangs }) => hangs)?.name ?? null
}

/** Starts what is there as it is; the name of a container that cannot be replaced, for another one uses it. */
function apply(host: MemoryHost, request: ApplyRequest, service: string): string | null {
  const { project, document, home } = request
  const fields = document.services[service] ?? {}
  const definition = JSON.stringify(fields)
  const present = [...host.containers.values()].filter(
    (one) => one.project === project && one.service === service,
  )
  const wanted = replicas(fields)
  const joins = joinsOf(host, project, fields)
  const kept = present.filter((one) => one.definition === definition && one.stopped === null)
  const replaced = present.filter((one) => !kept.includes(one))
  const bound = replaced.find(({ id }) => host.isJoined(id, []))
  if (bound?.definition === definition) {
    host.containers.set(bound.id, { ...bound, stopped: null, startedAt: host.clock.now() })
    return null
  }
  if (bound !== undefined) return bound.name
  for (const one of replaced) host.drop(one.id)
  for (let number = kept.length + 1; number <= wanted; number += 1) {
    const name = `${project}-${service}-${number}`
    const id = createHash('sha256').update(`${name} ${host.calls.length}`).digest('hex')
    const labels = {
      ...asMap(fields['labels']),
      'com.docker.compose.project': project,
      'com.docker.compose.service': service,
      'com.docker.compose.container-number': String(number),
      'com.docker.compose.project.working_dir': home,
    }
    const restarts = restartsOf(fields['restart'])
    const named = fields['image']
    const image = typeof named === 'string' ? named : `localhost/${project}-${service}`
    const startedAt = host.clock.now()
    const imageId = host.idOf(image)
    const ports = publishedPorts(fields)
    const hangsOn = networksOf(document, project, service)
    const made = { definition, labels, restarts, image, imageId, ports, hangsOn }
    const rest = { ...made, startedAt, stopped: null }
    const container: MemoryContainer = { id, name, project, service, joins, ...rest }
    host.containers.set(id, container)
    host.emit('started', container)
  }
  return null
}

/** The network of another service, whose container is here. */
function joinsOf(host: MemoryHost, project: string, { network_mode: mode }: Fields) {
  const service = /^service:(.+)$/.exec(String(mode))?.[1]
  const owners = [...host.containers.values()].filter(
    (one) => one.project === project && one.service === service,
  )
  return owners.map(
    ({ id }) => ({ container: id, what: 'network', lasts: 'over-crashes' }) as const,
  )
}

function replicas(fields: Fields): number {
  const deploy = fields['deploy']
  const wanted = isFields(deploy) ? deploy['replicas'] : fields['scale']
  return typeof wanted === 'number' ? wanted : 1
}

function restartsOf(value: unknown): MemoryContainer['restarts'] {
  if (value === 'always' || value === 'unless-stopped') return value
  return typeof value === 'string' && value.startsWith('on-failure') ? 'on-failure' : 'no'
}

function asMap(value: unknown): Record<string, string> {
  if (Array.isArray(value)) return Object.fromEntries(environmentLines(value.join('\n')))
  if (!isFields(value)) return {}
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, String(one)]))
}

function isPair(pair: [string, unknown]): pair is [string, Fields] {
  return isFields(pair[1])
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
