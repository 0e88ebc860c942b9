import type { Stats } from 'node:fs'
import { stat } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import type { HostFacts, SocketFacts } from '../../domain/doctor/facts.ts'
import { LONGEST_SOCKET } from '../../domain/doctor/sockets.ts'
import { isErrno } from '../../host/files.ts'
import { readGroup } from './names.ts'

export interface SocketsOptions {
  readonly root: string
  readonly user: HostFacts['user']
  readonly runtimeDirectory: string
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** The sockets by which podman and docker would be reached, each where its variable says or where it is by default. */
export async function lookAtSockets(options: SocketsOptions): Promise<readonly SocketFacts[]> {
  const { root, user, runtimeDirectory } = options
  const podman = user.uid === 0 ? join(root, 'run') : runtimeDirectory
  return await Promise.all([
    lookAt(options, 'podman', 'CONTAINER_HOST', join(podman, 'podman/podman.sock')),
    lookAt(options, 'docker', 'DOCKER_HOST', join(root, 'var/run/docker.sock')),
  ])
}

async function lookAt(
  options: SocketsOptions,
  engine: SocketFacts['engine'],
  variable: 'CONTAINER_HOST' | 'DOCKER_HOST',
  usual: string,
): Promise<SocketFacts> {
  const said = options.environment[variable] ?? ''
  if (said === '') {
    return { engine, variable: null, address: usual, ...(await reach(options, usual)) }
  }
  const path = /^unix:\/\/(\/.*)$/.exec(said)?.[1]
  if (path === undefined) {
    return { engine, variable, address: withoutLogin(said), state: 'elsewhere', group: null }
  }
  return { engine, variable, address: path, ...(await reach(options, path)) }
}

/** Whoever writes a password into an address does not want to read it here. */
function withoutLogin(address: string): string {
  return address.replace(/^(\w+:\/\/[^:@/]*):[^@/]*@/, '$1@')
}

async function reach(
  { root, user }: SocketsOptions,
  path: string,
): Promise<Pick<SocketFacts, 'state' | 'group'>> {
  if (Buffer.byteLength(path) > LONGEST_SOCKET) return { state: 'too-long', group: null }
  let found: Stats
  try {
    found = await stat(path)
  } catch (thrown) {
    return { state: isErrno(thrown, 'EACCES', 'EPERM') ? 'forbidden' : 'absent', group: null }
  }
  const { name, members } = await readGroup(root, found.gid)
  const group = { name, lists: members.includes(user.name) ? 'user' : 'others' } as const
  return { state: found.isSocket() ? await greet(path) : 'no-socket', group }
}

/** ms; systemd takes a connection at once, whatever it starts behind it. */
const PATIENCE = 2_000

async function greet(path: string): Promise<SocketFacts['state']> {
  return await new Promise((resolve) => {
    const socket = connect(path)
    const answer = (state: SocketFacts['state']) => {
      socket.destroy()
      resolve(state)
    }
    socket.once('connect', () => answer('answers'))
    socket.once('error', (error) =>
      answer(isErrno(error, 'EACCES', 'EPERM') ? 'forbidden' : 'silent'),
    )
    socket.setTimeout(PATIENCE, () => answer('silent'))
  })
}
