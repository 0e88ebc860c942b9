/**
 * A real docker that shares nothing with the machine's own: containerd, dockerd, their sockets and all that they keep lie
 * in one short temporary directory. Its bridge and firewall rules are those of the network namespace that `isolate.ts`
 * made, and are taken back at the end, for docker lets nothing else be forwarded.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { dockerTrouble, programOf } from './docker-programs.ts'
import { driveEngine } from './drive.ts'
import { composePath } from './install.ts'
import { ISOLATED } from './isolate.ts'
import { forgetNetwork, rememberNetwork } from './network-state.ts'
import type { LabEngine, LabEngineOptions } from './start.ts'
import { endProcesses, unmount } from './tear-down.ts'

const PROGRAMS = [
  'docker',
  'dockerd',
  'docker-proxy',
  'docker-init',
  'containerd',
  'containerd-shim-runc-v2',
]
const PATIENCE = 20_000

/** Only within `isolate.ts`, and only root. */
export async function startDocker(options: LabEngineOptions = {}): Promise<LabEngine> {
  const { prefix = 'lab', parent = '/tmp', runtimeParent = '/dev/shm' } = options
  const trouble = dockerTrouble()
  if (trouble !== null) throw new Error(`Start docker: ${trouble}`)
  if (process.env[ISOLATED] !== '1') {
    throw new Error('Start docker: only within "node test/lab/engine/isolate.ts --"')
  }
  const directory = await mkdtemp(join(parent, 'ml-'))
  const runtimeDirectory = await mkdtemp(join(runtimeParent, 'ml-'))
  const env = await configure(directory, runtimeDirectory)
  const before = rememberNetwork()
  // There runc would keep files while it makes a container.
  const { XDG_RUNTIME_DIR: _ours, ...surroundings } = env
  const servers = await startServers(directory, surroundings)
  const program = join(directory, 'bin/docker')
  const driven = driveEngine({ program, build: [], directory, env, prefix })
  return {
    directory,
    env,
    runtimeDirectory,
    runtime: 'docker',
    ...driven,
    async stop() {
      await removeAll(driven.cli)
      for (const server of servers.toReversed()) await end(server)
      forgetNetwork(before)
      const stubborn = await endProcesses(directory)
      await unmount(directory)
      for (const path of [directory, runtimeDirectory]) await rm(path, { recursive: true })
      return stubborn
    },
  }
}

async function configure(
  directory: string,
  runtimeDirectory: string,
): Promise<Record<string, string>> {
  const at = (path: string) => join(directory, path)
  for (const path of ['home/.docker/cli-plugins', 'bin', 'temporary']) {
    await mkdir(at(path), { recursive: true, mode: 0o700 })
  }
  for (const name of PROGRAMS) await symlink(programOf(name) ?? '', at(`bin/${name}`))
  const compose = composePath()
  if (compose !== null) await symlink(compose, at('home/.docker/cli-plugins/docker-compose'))
  await writeFile(at('containerd.toml'), containerdToml(directory))
  await writeFile(at('daemon.json'), JSON.stringify(daemonJson(directory), null, 1))
  return {
    PATH: `${at('bin')}:${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`,
    HOME: at('home'),
    TMPDIR: at('temporary'),
    LANG: 'C.UTF-8',
    XDG_RUNTIME_DIR: runtimeDirectory,
    DOCKER_HOST: `unix://${at('docker.sock')}`,
  }
}

/** Its plugins write outside of its directories, or want what build machines have not; docker uses none of these. */
function containerdToml(directory: string): string {
  const quoted = (path: string) => JSON.stringify(join(directory, path))
  return [
    'version = 2',
    `root = ${quoted('containerd')}`,
    `state = ${quoted('state')}`,
    'disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.grpc.v1.cri"]',
    '[grpc]',
    `address = ${quoted('containerd.sock')}`,
    '',
  ].join('\n')
}

function daemonJson(directory: string) {
  const at = (path: string) => join(directory, path)
  return {
    hosts: [`unix://${at('docker.sock')}`],
    containerd: at('containerd.sock'),
    'data-root': at('graph'),
    'exec-root': at('exec'),
    pidfile: at('docker.pid'),
    'deprecated-key-path': at('key.json'),
    'storage-driver': 'overlay2',
    'exec-opts': ['native.cgroupdriver=cgroupfs'],
    'cgroup-parent': '/magos-lab',
    ip6tables: false,
    // Rlimits may not be raised on build machines.
    'default-ulimits': {
      nofile: { Name: 'nofile', Soft: 4096, Hard: 4096 },
      nproc: { Name: 'nproc', Soft: 4096, Hard: 4096 },
    },
  }
}

/** containerd, then dockerd; both ended where one does not come up. */
async function startServers(
  directory: string,
  env: Readonly<Record<string, string>>,
): Promise<readonly ChildProcess[]> {
  const at = (path: string) => join(directory, path)
  const containerd = serve(directory, 'containerd', ['-c', at('containerd.toml')], env)
  const servers = [containerd]
  try {
    await answering(containerd, at('containerd.sock'), 'connection')
    const dockerd = serve(directory, 'dockerd', ['--config-file', at('daemon.json')], env)
    servers.push(dockerd)
    await answering(dockerd, at('docker.sock'), 'ping')
    return servers
  } catch (thrown) {
    for (const server of servers.toReversed()) await end(server)
    const log = readFileSync(at('servers.log'), 'utf8').trim().split('\n').slice(-5).join('\n')
    throw new Error(`Start docker: ${String(thrown)}\n${log}`, { cause: thrown })
  }
}

function serve(
  directory: string,
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): ChildProcess {
  const log = openSync(join(directory, 'servers.log'), 'a', 0o600)
  const options = { env, stdio: ['ignore', log, log] as ['ignore', number, number] }
  const child = spawn(join(directory, 'bin', program), [...args], options)
  closeSync(log)
  return child
}

async function answering(
  server: ChildProcess,
  socketPath: string,
  how: 'connection' | 'ping',
): Promise<void> {
  const late = performance.now() + PATIENCE
  while (!(await answers(socketPath, how))) {
    if (server.exitCode !== null) throw new Error(`it ended with ${server.exitCode}`)
    if (performance.now() > late) throw new Error(`nobody answers at ${socketPath}`)
    await sleep(20)
  }
}

/** containerd speaks no HTTP/1, but hangs up on it. */
async function answers(socketPath: string, how: 'connection' | 'ping'): Promise<boolean> {
  return await new Promise((resolve) => {
    const asking = request({ socketPath, path: '/_ping', timeout: 1_000 }, (response) => {
      response.resume()
      resolve(how === 'connection' || response.statusCode === 200)
    })
    asking.once('socket', (socket) => {
      socket.once('connect', () => how === 'connection' && resolve(true))
    })
    asking.once('timeout', () => asking.destroy())
    asking.once('error', () => resolve(false))
    asking.end()
  })
}

async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return
  const ended = once(server, 'exit')
  server.kill('SIGTERM')
  const timely = await Promise.race([ended, sleep(PATIENCE, null, { ref: false })])
  if (timely === null) server.kill('SIGKILL')
  await ended
}

async function removeAll(cli: LabEngine['cli']): Promise<void> {
  const ids = (await cli(['ps', '-aq'])).split('\n').filter((id) => id !== '')
  if (ids.length > 0) await cli(['rm', '--force', '--volumes', ...ids])
  await cli(['network', 'prune', '--force'])
}
