import { Resolver } from 'node:dns/promises'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { askEngine, lastWords } from './command.ts'
import type { EngineCommand } from './command.ts'
import { at, parseDocuments, textAt } from './json.ts'

export interface Networking {
  readonly engine: EngineCommand
  readonly rootless: boolean
  /** Below XDG_RUNTIME_DIR, where an ordinary user's podman keeps its networks. */
  readonly runtimeDirectory: string
}

/** ms for one question, of which two are asked. */
const PATIENCE = 1_000

/** A container and the bridge networks that it hangs on. */
interface Attached {
  readonly id: string
  readonly name: string
  readonly networks: readonly string[]
}

/**
 * Connects running containers to their bridges anew, which brings back firewall rules, bridges and name servers. Why
 * not, by id, for those that were not: a network that is gone would take its containers off the network altogether.
 */
export async function reconnectContainers(
  { engine }: Pick<Networking, 'engine'>,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  if (engine.runtime === 'docker') {
    return new Map(ids.map((id) => [id, 'docker cannot connect a running container anew']))
  }
  const attached = new Map((await attachedTo(engine, ids, signal)).map((one) => [one.id, one]))
  const refused = new Map<string, string>()
  for (const id of ids) {
    const container = attached.get(id)
    const reason = await reconnect(engine, id, container?.networks ?? [], signal)
    if (reason !== null) refused.set(id, reason)
  }
  return refused
}

async function reconnect(
  engine: EngineCommand,
  id: string,
  networks: readonly string[],
  signal: AbortSignal,
): Promise<string | null> {
  if (networks.length === 0) return 'it hangs on no bridge'
  for (const network of networks) {
    const there = await askEngine(engine, ['network', 'exists', network], { signal })
    if (there.exitCode !== 0) return `its network "${network}" is gone`
  }
  const result = await askEngine(engine, ['network', 'reload', id], { signal })
  return result.outcome === 'exited' && result.exitCode === 0 ? null : lastWords(result.stderr)
}

/** Those of the containers whose network promises to know names, and has nobody who answers. */
export async function namelessContainers(
  networking: Networking,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { engine } = networking
  if (engine.runtime === 'docker' || ids.length === 0) return []
  const containers = await attachedTo(engine, ids, signal)
  const names = [...new Set(containers.flatMap(({ networks }) => networks))]
  const servers = await nameServers(engine, names, signal)
  const asked = [...servers].map(async ([network, address]) => {
    const name = containers.find(({ networks }) => networks.includes(network))?.name ?? network
    return (await answers(networking, address, name, signal)) ? [] : [network]
  })
  const silent = new Set((await Promise.all(asked)).flat())
  return containers
    .filter(({ networks }) => networks.some((network) => silent.has(network)))
    .map(({ id }) => id)
}

/** What runs on bridges; podman tells no networks for a container that shares another's or has a tap of its own. */
async function attachedTo(
  engine: EngineCommand,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<readonly Attached[]> {
  if (ids.length === 0) return []
  const { stdout } = await askEngine(engine, ['inspect', '--type', 'container', ...ids], { signal })
  return (parseDocuments(stdout) ?? []).flatMap((document): Attached[] => {
    const networks = at(document, 'NetworkSettings', 'Networks')
    const id = textAt(document, 'Id')
    if (id === '' || typeof networks !== 'object' || networks === null) return []
    const bridges = Object.entries(networks).filter(([, one]) => textAt(one, 'NetworkID') !== '')
    const name = textAt(document, 'Name').replace(/^\//, '')
    return [{ id, name, networks: bridges.map(([network]) => network) }]
  })
}

/** The address of the name server of each network that has one. */
async function nameServers(
  engine: EngineCommand,
  networks: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  if (networks.length === 0) return new Map()
  const { stdout } = await askEngine(engine, ['network', 'inspect', ...networks], { signal })
  const servers = (parseDocuments(stdout) ?? []).flatMap((document) => {
    if (at(document, 'dns_enabled') !== true) return []
    const subnets = at(document, 'subnets')
    const [first]: readonly unknown[] = Array.isArray(subnets) ? subnets : []
    const address = textAt(first, 'gateway')
    return address === '' ? [] : [[textAt(document, 'name'), address] as const]
  })
  return new Map(servers)
}

/** Any answer is one. The bridges of an ordinary user lie in a namespace of their own: there the server's process tells. */
async function answers(
  { rootless, runtimeDirectory }: Networking,
  address: string,
  name: string,
  signal: AbortSignal,
): Promise<boolean> {
  if (rootless) return serverLives(dirname(runtimeDirectory))
  const resolver = new Resolver({ timeout: PATIENCE, tries: 2 })
  resolver.setServers([address])
  const cancel = () => resolver.cancel()
  signal.addEventListener('abort', cancel, { once: true })
  try {
    await resolver.resolve4(name)
    return true
  } catch (thrown) {
    signal.throwIfAborted()
    const code = thrown instanceof Error && 'code' in thrown ? thrown.code : ''
    return !['ETIMEOUT', 'ECONNREFUSED', 'ECANCELLED'].includes(String(code))
  } finally {
    signal.removeEventListener('abort', cancel)
  }
}

/** Without the file nobody can tell: it lies elsewhere where podman was configured so. */
async function serverLives(runtime: string): Promise<boolean> {
  const file = join(runtime, 'containers/networks/aardvark-dns/aardvark.pid')
  const pid = Number(await readFile(file, 'utf8').catch(() => ''))
  if (!Number.isSafeInteger(pid) || pid <= 0) return true
  const words = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')
  return words.startsWith('aardvark')
}
