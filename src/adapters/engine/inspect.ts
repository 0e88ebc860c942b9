import type { Joining, ObservedContainer, PublishedPort } from '../../domain/deployment.ts'
import type { Digest } from '../../domain/image-reference.ts'
import { at, numberAt, textAt, textsAt } from './json.ts'

/** A container, and how its health check is to be timed; null where it has none. */
export interface Inspected {
  readonly container: ObservedContainer
  readonly check: CheckTiming | null
}

/** In ms, as the container's health check says; the engines' defaults where it does not. */
export interface CheckTiming {
  readonly interval: number
  readonly startPeriod: number
  readonly retries: number
}

const STATES: Readonly<Record<string, ObservedContainer['state']>> = {
  configured: 'created',
  created: 'created',
  initialized: 'created',
  running: 'running',
  paused: 'paused',
  restarting: 'restarting',
  exited: 'exited',
  stopped: 'exited',
  stopping: 'stopping',
  removing: 'dead',
  dead: 'dead',
}

/**
 * Reads one document of `podman inspect` or `docker inspect`; null when it is no container of a compose project. One of
 * `compose run` is none: a person's shell beside a service is nothing to compare, replace or be held by.
 */
export function readContainer(document: unknown): Inspected | null {
  const id = textAt(document, 'Id')
  const labels = readLabels(at(document, 'Config', 'Labels'))
  const project = labels['com.docker.compose.project']
  if (id === '' || project === undefined || at(document, 'State') === undefined) return null
  if (labels['com.docker.compose.oneoff'] === 'True') return null
  return {
    check: readCheck(at(document, 'Config', 'Healthcheck')),
    container: {
      id,
      name: textAt(document, 'Name').replace(/^\//, ''),
      project,
      service: labels['com.docker.compose.service'] ?? labels['io.podman.compose.service'] ?? '',
      state: STATES[textAt(document, 'State', 'Status')] ?? 'dead',
      health: readHealth(document),
      exitCode: numberAt(document, 'State', 'ExitCode'),
      ...readEnd(document),
      restartCount: numberAt(document, 'RestartCount'),
      startedAt: readTime(textAt(document, 'State', 'StartedAt')),
      image: textAt(document, 'Config', 'Image') || textAt(document, 'ImageName'),
      digests: readDigests([textAt(document, 'ImageDigest'), textAt(document, 'Config', 'Image')]),
      labels,
      imageId: bareId(textAt(document, 'Image')),
      restarts: readRestarts(textAt(document, 'HostConfig', 'RestartPolicy', 'Name')),
      ports: readPorts(at(document, 'NetworkSettings', 'Ports')),
      joins: readJoins(document),
      ...readNetworks(at(document, 'NetworkSettings')),
    },
  }
}

/** Id and digests of one document of `inspect` that is an image; null when it is none. */
export function readImage(document: unknown): { id: string; digests: readonly Digest[] } | null {
  const id = textAt(document, 'Id')
  const isImage = at(document, 'RepoTags') !== undefined || at(document, 'RootFS') !== undefined
  if (id === '' || !isImage) return null
  const texts = [textAt(document, 'Digest'), ...textsAt(document, 'RepoDigests')]
  return { id: bareId(id), digests: readDigests(texts) }
}

/** podman writes image ids bare, docker with their algorithm. */
export function bareId(id: string): string {
  return id.replace(/^sha256:/, '')
}

function readEnd(document: unknown): Pick<ObservedContainer, 'end' | 'endedAt'> {
  if (STATES[textAt(document, 'State', 'Status')] !== 'exited') return {}
  const endedAt = readTime(textAt(document, 'State', 'FinishedAt'))
  return {
    ...(at(document, 'State', 'OOMKilled') === true ? { end: 'out-of-memory' } : {}),
    ...(endedAt === 0 ? {} : { endedAt }),
  }
}

function readHealth(document: unknown): ObservedContainer['health'] {
  // podman before 4 called it `Healthcheck`; without a check it is absent, null, or has an empty status.
  const status =
    textAt(document, 'State', 'Health', 'Status') ||
    textAt(document, 'State', 'Healthcheck', 'Status')
  if (status === 'healthy' || status === 'unhealthy' || status === 'starting') return status
  return 'none'
}

function readCheck(check: unknown): CheckTiming | null {
  const test = textsAt(check, 'Test')
  if (test.length === 0 || test[0] === 'NONE') return null
  const milliseconds = (key: string) => numberAt(check, key) / 1e6
  return {
    interval: milliseconds('Interval') || 30_000,
    startPeriod: milliseconds('StartPeriod'),
    retries: numberAt(check, 'Retries') || 3,
  }
}

/** Engines write year 1 for a container that never started. */
function readTime(text: string): number {
  const time = Date.parse(text)
  return Number.isNaN(time) || time < 0 ? 0 : time
}

function readDigests(texts: readonly string[]): readonly Digest[] {
  const found = texts.flatMap((text) => /sha256:[0-9a-f]{64}$/.exec(text)?.[0].slice(7) ?? [])
  return [...new Set(found)].map((hex): Digest => `sha256:${hex}`)
}

function readRestarts(name: string): ObservedContainer['restarts'] {
  return name === 'always' || name === 'on-failure' || name === 'unless-stopped' ? name : 'no'
}

/** `{"8080/tcp": [{HostIp, HostPort}]}`; null behind a port that is exposed and not published. */
function readPorts(value: unknown): readonly PublishedPort[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([inside, bindings]: [string, unknown]) => {
    const protocol = inside.split('/')[1] ?? 'tcp'
    if (!Array.isArray(bindings) || !isProtocol(protocol)) return []
    return bindings.flatMap((binding: unknown) => {
      const port = numberAt(binding, 'HostPort')
      return port > 0 ? [{ host: textAt(binding, 'HostIp'), port, protocol }] : []
    })
  })
}

function isProtocol(text: string): text is PublishedPort['protocol'] {
  return text === 'tcp' || text === 'udp' || text === 'sctp'
}

/** By their names, of a stopped container too. podman leaves them out where somebody cut it off its last one. */
function readNetworks(settings: unknown): Pick<ObservedContainer, 'networks'> {
  if (typeof settings !== 'object' || settings === null) return {}
  const networks = at(settings, 'Networks')
  const isTold = typeof networks === 'object' && networks !== null
  return { networks: isTold ? Object.keys(networks) : [] }
}

const MODES = [
  ['network', 'NetworkMode'],
  ['ipc', 'IpcMode'],
  ['pid', 'PidMode'],
] as const

/** `container:ID`. podman alone lists what a container depends on, and keeps a network while its container is restarted. */
function readJoins(document: unknown): readonly Joining[] {
  const isPodman = at(document, 'Dependencies') !== undefined
  return MODES.flatMap(([what, key]) => {
    const [, container] = /^container:(.+)$/.exec(textAt(document, 'HostConfig', key)) ?? []
    const lasts = isPodman && what === 'network' ? 'over-crashes' : 'one-start'
    return container === undefined ? [] : [{ container, what, lasts } as const]
  })
}

function readLabels(value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null) return {}
  return Object.fromEntries(Object.entries(value).map(([key, label]) => [key, String(label)]))
}
