import { createHash } from 'node:crypto'
import type { ContainerEvent } from '../../src/domain/container-event.ts'
import type { ObservedContainer } from '../../src/domain/deployment.ts'
import { keepsRunning } from '../../src/domain/deploy/restart-policy.ts'
import type { ShownDefinition } from '../../src/domain/deploy/shown-definition.ts'
import { MagosError } from '../../src/domain/error.ts'
import { parseImageReference } from '../../src/domain/image-reference.ts'
import type { Digest, ImageReference } from '../../src/domain/image-reference.ts'
import type { Clock, Engine } from '../../src/ports.ts'

/** What containers of an image do, and whether it can be had at all. */
export type MemoryBehaviour =
  | 'healthy'
  | 'unhealthy'
  | 'unchecked'
  | 'exits'
  /** With 0, where nothing starts it again. */
  | 'ends'
  | 'pull-fails'

export interface MemoryContainer {
  readonly id: string
  readonly name: string
  readonly project: string
  readonly service: string
  readonly image: string
  /** What it was made from, so that a change is seen. */
  readonly definition: string
  readonly labels: Readonly<Record<string, string>>
  readonly restarts: ObservedContainer['restarts']
  readonly ports: ObservedContainer['ports']
  readonly joins?: ObservedContainer['joins']
  /** Names of its networks, where that is told. */
  readonly hangsOn?: readonly string[]
  readonly startedAt: number
  /** Of the image that its name meant when it was made. */
  readonly imageId: string
  /** Exit code of a stop by hand; null while nobody stopped it. */
  readonly stopped: number | null
  /** It takes no SIGTERM, and whoever stopped it died before the SIGKILL. */
  readonly hangs?: true
  /** ms since the epoch. */
  readonly endedAt?: number
  /** Times that it was started again after its process had ended. */
  readonly crashes?: number
}

/** A host that exists in memory only; `createMemoryEngine` and `createMemoryCompose` show the same one. */
export interface MemoryHost {
  readonly clock: Clock
  /** Every call of both ports, in order: `up shop web`, `pull ghcr.io/o/app@sha256:…`. */
  readonly calls: string[]
  readonly containers: Map<string, MemoryContainer>
  /** Images that are here, by `imageKey`. */
  readonly images: Set<string>
  readonly timing: MemoryTiming
  /** Containers whose names nobody answers for, and why one cannot be connected anew. */
  readonly networks: { readonly nameless: Set<string>; readonly refusals: Map<string, string> }
  /** Networks and volumes that are here, by kind and name. */
  readonly made: Map<string, ShownDefinition>
  /** Whether another container than these uses its namespaces: podman then does not remove it. */
  isJoined(id: string, but: readonly string[]): boolean
  /** Says what an image does; unnamed ones are healthy. Also known by these digests. */
  behave(image: string, behaviour: MemoryBehaviour, digests?: readonly Digest[]): void
  behaviourOf(image: string, imageId?: string): MemoryBehaviour
  /** What the name means here. */
  idOf(image: string): string
  /** Somebody pushes another image by that name, which the next pull brings. */
  push(image: string, behaviour: MemoryBehaviour): void
  /** Gives the name to an image that is or was here. */
  name(imageId: string, image: string): 'tagged' | 'gone'
  /** Removes an image that nobody names. */
  prune(imageId: string): void
  /** Brings what the name means at the registry. */
  bring(image: string): void
  /** While it is away every call throws `engine`. */
  reach(state: 'here' | 'away'): void
  /** A person's `podman kill`. */
  kill(id: string): void
  /** A person's `podman stop`. */
  stop(id: string): void
  /** A person's `podman stop` that is killed while it waits. */
  hang(id: string): void
  /** A person's `podman rm --force`. */
  drop(id: string): void
  /** A person's `podman network disconnect`. */
  disconnect(id: string, network: string): void
  /** Its process ends by itself, and the engine starts it again where it is meant to run for good. */
  die(id: string, exitCode: number): void
  /** The same, but the engine leaves it down: somebody sent it a signal before. */
  dieForGood(id: string, exitCode: number): void
  /** Tells whoever follows the events. */
  emit(kind: ContainerEvent['kind'], container: MemoryContainer): void
  /** What the engine remembers of events, where it does: some keep none. */
  readonly past: ContainerEvent[]
  memory: 'keeps' | 'forgets'
  /** Who is told of events. */
  readonly listeners: Set<(event: ContainerEvent) => void>
  /** Notes the call; throws where the engine is away or the signal aborted. */
  enter(call: string, signal: AbortSignal): void
  observed(project: string | null): readonly ObservedContainer[]
}

export interface MemoryTiming {
  /** ms after which a check has its answer. */
  readonly check: number
  /** ms between two deaths of a crash loop. */
  readonly crash: number
  /** ms between two looks of `watch`. */
  readonly look: number
}

const EXIT_CODE = 7

export function createMemoryHost(
  clock: Clock,
  { check = 100, crash = 100, look = 50 }: Partial<MemoryTiming> = {},
): MemoryHost {
  const behaviours = new Map<string, MemoryBehaviour>()
  const digests = new Map<string, readonly Digest[]>()
  const ids = new Map<string, string>()
  const pushed = new Map<string, string>()
  const here = new Set<string>()
  let state: 'here' | 'away' = 'here'
  const end = (id: string, exitCode: number, kinds: readonly ContainerEvent['kind'][]): void => {
    const container = host.containers.get(id)
    if (container === undefined) return
    if (container.stopped === null) {
      const { hangs: _over, ...rest } = container
      host.containers.set(id, { ...rest, stopped: exitCode, endedAt: clock.now() })
    }
    for (const kind of kinds) host.emit(kind, container)
  }
  const host: MemoryHost = {
    clock,
    calls: [],
    containers: new Map(),
    images: new Set(),
    timing: { check, crash, look },
    networks: { nameless: new Set(), refusals: new Map() },
    made: new Map(),
    isJoined: (id, but) =>
      [...host.containers.values()].some(
        (one) => !but.includes(one.id) && one.joins?.some(({ container }) => container === id),
      ),
    behave(image, behaviour, known = []) {
      behaviours.set(imageKey(image), behaviour)
      digests.set(imageKey(image), known)
    },
    behaviourOf: (image, imageId = '') =>
      behaviours.get(imageId) ?? behaviours.get(imageKey(image)) ?? 'healthy',
    idOf(image) {
      const id = ids.get(imageKey(image)) ?? hex(imageKey(image))
      here.add(id)
      return id
    },
    push(image, behaviour) {
      const id = hex(`${imageKey(image)} ${pushed.size}`)
      pushed.set(imageKey(image), id)
      behaviours.set(id, behaviour)
    },
    name(imageId, image) {
      if (!here.has(imageId)) return 'gone'
      ids.set(imageKey(image), imageId)
      host.images.add(imageKey(image))
      return 'tagged'
    },
    prune: (imageId) => void here.delete(imageId),
    bring(image) {
      const id = pushed.get(imageKey(image))
      if (id !== undefined) ids.set(imageKey(image), id)
      host.images.add(imageKey(image))
    },
    reach(next) {
      state = next
    },
    kill: (id) => end(id, 137, ['killed', 'died']),
    stop: (id) => end(id, 143, ['died', 'stopped']),
    hang(id) {
      const container = host.containers.get(id)
      if (container !== undefined) host.containers.set(id, { ...container, hangs: true })
    },
    disconnect(id, network) {
      const container = host.containers.get(id)
      if (container?.hangsOn === undefined) return
      const hangsOn = container.hangsOn.filter((one) => one !== network)
      host.containers.set(id, { ...container, hangsOn })
    },
    die(id, exitCode) {
      const container = host.containers.get(id)
      end(id, exitCode, ['died'])
      if (container === undefined || container.stopped !== null || !keepsRunning(container)) return
      const crashes = (container.crashes ?? 0) + 1
      host.containers.set(id, { ...container, crashes, startedAt: host.clock.now() })
      host.emit('started', container)
    },
    dieForGood: (id, exitCode) => end(id, exitCode, ['died']),
    drop(id) {
      end(id, 137, ['died', 'removed'])
      host.containers.delete(id)
    },
    emit(kind, { id, project, service }) {
      const event = { kind, container: id, project, service }
      if (host.memory === 'keeps') host.past.push(event)
      for (const listener of host.listeners) listener(event)
    },
    past: [],
    memory: 'keeps',
    listeners: new Set(),
    enter(call, signal) {
      if (signal.aborted) throw new MagosError('interrupted', `Run "${call}": interrupted`)
      host.calls.push(call)
      if (state === 'here') return
      throw new MagosError('engine', `Ask the engine by "${call}": Cannot connect to Podman`, {
        remedy: 'Start the engine',
      })
    },
    observed: (project) =>
      [...host.containers.values()]
        .filter((one) => project === null || one.project === project)
        .map((one) => observe(host, one, digests.get(imageKey(one.image)) ?? [])),
  }
  return host
}

/** The engine of that host. */
export function createMemoryEngine(host: MemoryHost): Engine {
  return {
    async info(signal) {
      host.enter('info', signal)
      return await Promise.resolve({
        name: 'podman',
        version: '5.4.2',
        limits: [],
        complaints: [],
        rootless: true,
        os: 'linux',
        architecture: 'amd64',
        images: '/memory/images',
        network: { outcome: 'usual', by: 'pasta' },
      })
    },
    async observe(signal) {
      host.enter('observe', signal)
      return await Promise.resolve({ at: host.clock.now(), containers: host.observed(null) })
    },
    watch: (project, signal) => watch(host, project, signal),
    async pull(image, _options, signal) {
      const name = imageKey(image.text)
      host.enter(`pull ${name}`, signal)
      if (host.behaviourOf(image.text) === 'pull-fails') {
        return await Promise.resolve({ outcome: 'failed', reason: 'manifest unknown' })
      }
      host.bring(image.text)
      return { outcome: 'pulled' }
    },
    async has(image, signal) {
      host.enter(`has ${imageKey(image.text)}`, signal)
      return await Promise.resolve(host.images.has(imageKey(image.text)))
    },
    async remove(ids, signal) {
      host.enter(`remove ${ids.join(' ')}`, signal)
      const bound = ids.find((id) => host.isJoined(id, ids))
      if (bound !== undefined) {
        throw new MagosError('stack', `Remove "${bound}": it has dependent containers`)
      }
      for (const id of ids) {
        host.stop(id)
        host.drop(id)
      }
      await Promise.resolve()
    },
    async stop(ids, signal) {
      host.enter(`stop ${ids.join(' ')}`, signal)
      await Promise.resolve()
      for (const id of ids) host.stop(id)
    },
    async restart(ids, signal) {
      host.enter(`restart ${ids.join(' ')}`, signal)
      await Promise.resolve()
      for (const id of ids) {
        const container = host.containers.get(id)
        if (container === undefined) continue
        const startedAt = Math.max(host.clock.now(), container.startedAt + 1)
        host.containers.set(id, { ...container, stopped: null, startedAt })
        host.emit('started', container)
      }
    },
    async kill(ids, name, signal) {
      await Promise.resolve(host.enter(`kill ${name} ${ids.join(' ')}`, signal))
    },
    async reconnect(ids, signal) {
      host.enter(`reconnect ${ids.join(' ')}`, signal)
      const refused = ids.flatMap((id) => {
        const reason = host.containers.has(id) ? host.networks.refusals.get(id) : 'it is gone'
        if (reason === undefined) host.networks.nameless.delete(id)
        return reason === undefined ? [] : [[id, reason] as const]
      })
      return await Promise.resolve(new Map(refused))
    },
    async nameless(ids, signal) {
      host.enter('nameless', signal)
      return await Promise.resolve(ids.filter((id) => host.networks.nameless.has(id)))
    },
    async definitions(names, signal) {
      host.enter('definitions', signal)
      const here = [...host.made.values()]
      return await Promise.resolve(here.filter(({ kind, name }) => names[kind].includes(name)))
    },
    async containersOn(network, signal) {
      host.enter(`on ${network}`, signal)
      const on = [...host.containers.values()].filter(({ hangsOn }) => hangsOn?.includes(network))
      return await Promise.resolve(new Map(on.map(({ id, name }) => [id, name])))
    },
    async removeNetworks(project, signal) {
      host.enter(`network rm ${project}`, signal)
      const used = new Set([...host.containers.values()].flatMap(({ hangsOn = [] }) => hangsOn))
      const gone = [...host.made].filter(
        ([, { kind, name, labels }]) =>
          kind === 'network' && !used.has(name) && labels['com.docker.compose.project'] === project,
      )
      for (const [key] of gone) host.made.delete(key)
      return await Promise.resolve(gone.map(([, { name }]) => name))
    },
    async removeImage(image, signal) {
      const name = imageKey(image.text)
      host.enter(`rmi ${name}`, signal)
      const isUsed = [...host.containers.values()].some((one) => imageKey(one.image) === name)
      if (!isUsed) host.images.delete(name)
      return await Promise.resolve(isUsed ? 'kept' : 'removed')
    },
    async tag(imageId, image, signal) {
      host.enter(`tag ${imageId} ${image}`, signal)
      return await Promise.resolve(host.name(imageId, image))
    },
    async logs(id, lines, signal) {
      host.enter(`logs ${id}`, signal)
      const container = host.containers.get(id)
      if (container === undefined) return await Promise.resolve('')
      const exits = host.behaviourOf(container.image, container.imageId) === 'exits'
      const said = exits ? ['coming up\n', 'going down\n'] : []
      return said.slice(-lines).join('')
    },
    async checkOutput(id, signal) {
      host.enter(`check output ${id}`, signal)
      const container = host.containers.get(id)
      const isAsked = container !== undefined && container.image !== ''
      const behaviour = isAsked ? host.behaviourOf(container.image, container.imageId) : 'healthy'
      return await Promise.resolve(behaviour === 'unhealthy' ? 'no answer' : '')
    },
    async pastEvents(containers, signal) {
      host.enter('past events', signal)
      const asked = new Set(containers.map(({ id }) => id))
      return await Promise.resolve(host.past.filter(({ container }) => asked.has(container)))
    },
    events: (signal) => events(host, signal),
  }
}

/** By its digest where it has one: a tag beside it decides nothing. */
export function imageKey(image: string): string {
  const { registry, repository, tag, digest }: ImageReference = parseImageReference(image)
  const name = `${registry}/${repository}`
  return digest === null ? `${name}:${tag ?? 'latest'}` : `${name}@${digest}`
}

async function* watch(host: MemoryHost, project: string, signal: AbortSignal) {
  while (!signal.aborted) {
    host.enter(`watch ${project}`, signal)
    yield { at: host.clock.now(), containers: host.observed(project) }
    // Aborted in its sleep it ends as it does between two looks.
    await host.clock.sleep(host.timing.look, signal).catch(() => undefined)
  }
}

const nothing = (): void => undefined

async function* events(host: MemoryHost, signal: AbortSignal): AsyncGenerator<ContainerEvent> {
  const queue: ContainerEvent[] = []
  let wake = nothing
  const listener = (event: ContainerEvent) => {
    queue.push(event)
    wake()
  }
  host.listeners.add(listener)
  const onAbort = () => wake()
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    while (!signal.aborted) {
      const event = queue.shift()
      if (event !== undefined) yield event
      else await new Promise<void>((resolve) => (wake = resolve))
    }
  } finally {
    host.listeners.delete(listener)
    signal.removeEventListener('abort', onAbort)
  }
}

function observe(
  host: MemoryHost,
  container: MemoryContainer,
  known: readonly Digest[],
): ObservedContainer {
  const { id, name, project, service, image, labels, restarts, imageId, ports } = container
  const { joins = [], hangsOn } = container
  const { digest } = parseImageReference(image)
  const own: Digest = digest ?? `sha256:${hex(imageKey(image))}`
  const fixed = { id, name, project, service, image, labels, restarts, imageId, ports, joins }
  const networks = hangsOn === undefined ? {} : { networks: hangsOn }
  const digests = [...new Set([own, ...known])]
  return { ...fixed, ...networks, digests, ...life(host, container) }
}

function hex(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

type Life = Pick<
  ObservedContainer,
  'state' | 'health' | 'exitCode' | 'restartCount' | 'startedAt' | 'endedAt'
>

/** Where a container stands now follows from its age and its image alone. */
function life(host: MemoryHost, container: MemoryContainer): Life {
  const { startedAt, stopped, restarts, crashes = 0, endedAt = 0 } = container
  const { check, crash } = host.timing
  const behaviour = host.behaviourOf(container.image, container.imageId)
  const age = host.clock.now() - startedAt
  if (stopped !== null) {
    const down = { state: 'exited', health: 'none', exitCode: stopped, restartCount: 0 } as const
    return { ...down, startedAt, endedAt }
  }
  if (behaviour === 'ends' && restarts === 'no') {
    return { state: 'exited', health: 'none', exitCode: 0, restartCount: 0, startedAt }
  }
  if (behaviour === 'exits') {
    const exitCode = EXIT_CODE
    if (restarts === 'no') {
      return { state: 'exited', health: 'none', exitCode, restartCount: 0, startedAt }
    }
    const restartCount = Math.floor(age / crash)
    // As on podman, a loop is never `restarting`: it flaps.
    const state = restartCount % 2 === 0 ? 'exited' : 'running'
    const since = startedAt + restartCount * crash
    return { state, health: 'none', exitCode, restartCount, startedAt: since }
  }
  if (container.hangs) {
    return { state: 'stopping', health: 'none', exitCode: 0, restartCount: crashes, startedAt }
  }
  const answer = behaviour === 'unhealthy' ? 'unhealthy' : 'healthy'
  const checked = age >= check ? answer : 'starting'
  const health = behaviour === 'unchecked' ? 'none' : checked
  return { state: 'running', health, exitCode: 0, restartCount: crashes, startedAt }
}
