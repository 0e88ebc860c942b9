import { fail, ok, warn, type Check } from './check.ts'
import type { HostFacts, SocketFacts } from './facts.ts'

/** What is known of who would use a socket. */
export interface SocketUse {
  /** null where no engine was found. */
  readonly engine: 'podman' | 'docker' | null
  /** Whether the engine's own program has reached it. */
  readonly engineAnswers: 'yes' | 'no'
  /** null where none was found. */
  readonly provider: 'docker-compose' | 'podman-compose' | null
}

/**
 * The socket of the engine in use, where something goes over it: docker's always, podman's where a variable says so or
 * Compose v2 asks for it.
 */
export function judgeSockets(facts: HostFacts, use: SocketUse): readonly Check[] {
  return facts.sockets
    .filter(
      ({ engine, variable }) => engine === use.engine || (use.engine === null && variable !== null),
    )
    .flatMap((socket) => {
      if (socket.variable !== null) return [judgeNamed(facts, socket)]
      return socket.engine === 'docker'
        ? judgeDocker(facts, socket, use)
        : judgePodman(facts, socket, use)
    })
}

/** Whoever set the variable means this socket and no other. */
function judgeNamed(facts: HostFacts, socket: SocketFacts): Check {
  const name = nameOf(socket)
  const { engine, variable, address, state } = socket
  const where = `${variable} names ${address}`
  const unset = `Unset ${variable}`
  switch (state) {
    case 'answers':
      return ok(name, `${where}, which answers`)
    case 'absent':
      return fail(name, `${where}, which is not there`, `${unset}, or ${startOf(facts, engine)}`)
    case 'silent':
      return fail(
        name,
        `${where}, where nobody listens`,
        `${unset}, or ${startOf(facts, engine, 'restart')}`,
      )
    case 'no-socket':
      return fail(name, `${where}, which is no socket`, `${unset}, or correct it`)
    case 'forbidden':
      return fail(name, `${facts.user.name} may not use ${address}`, permissionOf(facts, socket))
    case 'too-long':
      return fail(
        name,
        `${where}: ${tooLong(address)}`,
        `${unset}, or give the socket a shorter path`,
      )
    case 'elsewhere':
      return engine === 'podman'
        ? fail(
            name,
            `${where}, which is no unix socket of this machine, where the stacks’ directories lie`,
            `${unset}, or set it to unix:// and the path of a socket`,
          )
        : warn(
            name,
            `${where}: if that is another machine, containers find none of the stacks’ directories, which lie on this one`,
            `${unset} if it is, and run Magos there`,
          )
  }
}

/** Its program may reach it by a context that lies elsewhere. */
function judgeDocker(facts: HostFacts, socket: SocketFacts, use: SocketUse): readonly Check[] {
  const name = nameOf(socket)
  const { address, state } = socket
  if (state === 'answers') return [ok(name, `${address} answers`)]
  if (use.engineAnswers === 'yes') return []
  switch (state) {
    case 'forbidden':
      return [fail(name, `${facts.user.name} may not use ${address}`, permissionOf(facts, socket))]
    case 'absent':
      return [fail(name, `${address} is not there`, sentence(startOf(facts, 'docker')))]
    default:
      return [
        fail(name, `nobody listens at ${address}`, sentence(startOf(facts, 'docker', 'restart'))),
      ]
  }
}

/** Where it is missing Magos starts podman's service for as long as a deployment takes. */
function judgePodman(facts: HostFacts, socket: SocketFacts, use: SocketUse): readonly Check[] {
  const name = nameOf(socket)
  const { address, state } = socket
  if (use.provider !== 'docker-compose') return []
  const instead = 'every deployment starts podman’s service for itself'
  switch (state) {
    case 'answers':
      return [ok(name, `${address} answers`)]
    case 'absent':
      return facts.systemd === 'no'
        ? [ok(name, `no systemd holds ${address}: ${instead}`)]
        : [warn(name, `${address} is not there: ${instead}`, sentence(startOf(facts, 'podman')))]
    case 'too-long':
      return [
        warn(
          name,
          `${address}: ${tooLong(address)}; ${instead}`,
          'Let XDG_RUNTIME_DIR name a shorter path',
        ),
      ]
    case 'forbidden':
      return [
        warn(
          name,
          `${facts.user.name} may not use ${address}: ${instead}`,
          sentence(startOf(facts, 'podman', 'restart')),
        ),
      ]
    default:
      return [
        warn(
          name,
          `nobody listens at ${address}: ${instead}`,
          facts.systemd === 'no' ? `rm ${address}` : sentence(startOf(facts, 'podman', 'restart')),
        ),
      ]
  }
}

function nameOf({ engine }: SocketFacts): string {
  return `socket ${engine}`
}

function startOf(
  { user, systemd }: HostFacts,
  engine: SocketFacts['engine'],
  verb: 'enable --now' | 'restart' = 'enable --now',
): string {
  const unit = engine === 'podman' ? 'podman.socket' : 'docker.socket docker.service'
  const isOwn = engine === 'podman' && user.uid !== 0
  if (systemd === 'no') return `start the ${engine} service that shall listen there`
  return `start it: ${isOwn ? 'systemctl --user' : 'sudo systemctl'} ${verb} ${unit}`
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

function permissionOf({ user }: HostFacts, { engine, group }: SocketFacts): string {
  if (group === null || engine === 'podman') return `Run Magos as the user whose socket it is`
  const anew = 'log in anew (a service: sudo systemctl restart user@$(id -u).service)'
  return group.lists === 'user'
    ? `${user.name} came into group ${group.name} after this session began: ${anew}`
    : `sudo usermod -aG ${group.name} ${user.name}, then ${anew}. Whoever is in that group is root on this machine`
}

/** sun_path of unix(7) holds 108 bytes, the closing zero included. */
export const LONGEST_SOCKET = 107

function tooLong(path: string): string {
  return `the path of a socket has at most ${LONGEST_SOCKET} bytes, and this one has ${new TextEncoder().encode(path).length}`
}
