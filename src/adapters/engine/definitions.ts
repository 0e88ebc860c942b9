import type { ShownDefinition } from '../../domain/deploy/shown-definition.ts'
import { MagosError } from '../../domain/error.ts'
import { askEngine, engineError, type EngineCommand } from './command.ts'
import { at, parseDocuments, textAt } from './json.ts'

/** What of these names is here: one query for the networks and one for the volumes, and none where no name is asked for. */
export async function showDefinitions(
  engine: EngineCommand,
  names: Readonly<Record<ShownDefinition['kind'], readonly string[]>>,
  signal: AbortSignal,
): Promise<readonly ShownDefinition[]> {
  const networks = await inspect(engine, 'network', names.network, signal)
  const volumes = await inspect(engine, 'volume', names.volume, signal)
  const shown = [...networks.map(readNetwork), ...volumes.map(readVolume)]
  // docker finds a network by the beginning of its id, too.
  return shown.filter(({ kind, name }) => names[kind].includes(name))
}

/** Names of all containers, of whomever, that hang on a network, running or not; by their ids. */
export async function containersOn(
  engine: EngineCommand,
  network: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const format = ['--no-trunc', '--format', '{{.ID}} {{.Names}}']
  const args = ['ps', '--all', '--filter', `network=${network}`, ...format]
  const result = await askEngine(engine, args, { signal })
  if (result.exitCode !== 0) throw engineError(engine.runtime, `${engine.runtime} ps`, result)
  const lines = result.stdout.split('\n').filter((line) => line.trim() !== '')
  return new Map(
    lines.map((line) => {
      const [id = '', ...rest] = line.trim().split(' ')
      return [id, rest.join(' ')] as const
    }),
  )
}

/** Both engines print what they found and exit non-zero for what is not there. */
async function inspect(
  engine: EngineCommand,
  kind: ShownDefinition['kind'],
  names: readonly string[],
  signal: AbortSignal,
): Promise<readonly unknown[]> {
  if (names.length === 0) return []
  const result = await askEngine(engine, [kind, 'inspect', ...names], { signal })
  const documents = result.outcome === 'exited' ? parseDocuments(result.stdout) : null
  const isAbsence = /no such|not found|unable to find/i.test(result.stderr)
  if (documents !== null && (result.exitCode === 0 || isAbsence)) return documents
  const what = `${engine.runtime} ${kind} inspect`
  if (result.exitCode !== 0) throw engineError(engine.runtime, what, result)
  throw new MagosError('engine', `Read "${what}": it is not JSON`, {
    remedy: `Look at what "${what}" prints`,
  })
}

/** podman writes small letters, docker its API's names. */
function readNetwork(document: unknown): ShownDefinition {
  const name = textAt(document, 'name')
  if (name === '') return readDockerNetwork(document)
  return {
    kind: 'network',
    name,
    driver: textAt(document, 'driver'),
    options: textsIn(at(document, 'options')),
    labels: textsIn(at(document, 'labels')),
    network: {
      internal: at(document, 'internal') === true,
      ipv6: at(document, 'ipv6_enabled') === true,
      ranges: listAt(document, 'subnets').map((range) => ({
        subnet: textAt(range, 'subnet'),
        gateway: textAt(range, 'gateway'),
      })),
    },
  }
}

function readDockerNetwork(document: unknown): ShownDefinition {
  return {
    kind: 'network',
    name: textAt(document, 'Name'),
    driver: textAt(document, 'Driver'),
    options: textsIn(at(document, 'Options')),
    labels: textsIn(at(document, 'Labels')),
    network: {
      internal: at(document, 'Internal') === true,
      ipv6: at(document, 'EnableIPv6') === true,
      ranges: listAt(document, 'IPAM', 'Config').map((range) => ({
        subnet: textAt(range, 'Subnet'),
        gateway: textAt(range, 'Gateway'),
      })),
    },
  }
}

function readVolume(document: unknown): ShownDefinition {
  return {
    kind: 'volume',
    name: textAt(document, 'Name'),
    driver: textAt(document, 'Driver'),
    options: textsIn(at(document, 'Options')),
    labels: textsIn(at(document, 'Labels')),
  }
}

function listAt(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const found = at(value, ...path)
  return Array.isArray(found) ? found : []
}

function textsIn(value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null) return {}
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, String(one)]))
}
