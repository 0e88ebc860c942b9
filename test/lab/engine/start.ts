/**
 * A real podman that shares nothing with the machine's own: storage, networks, configuration and run directory lie in
 * one short temporary directory (a unix socket's path ends at 107 bytes). Odd about build machines, and set here: no
 * systemd (cgroupfs, events in a file, health checks run only by who asks), rlimits that may not be raised, and a
 * hybrid cgroup tree that crun cannot read but runc can.
 */
import { mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { driveEngine } from './drive.ts'
import type { ImageContent } from './image.ts'
import { composePath, programPath } from './install.ts'
import { ISOLATED } from './isolate.ts'
import { tearDown } from './tear-down.ts'

export interface LabEngineOptions {
  /** Begins every compose project's name here, so that a look at the machine tells whose it is; default `lab`. */
  readonly prefix?: string
  /** Directory below which everything lies; default /tmp. Keep it short. */
  readonly parent?: string
  /** Directory below which the runtime directory lies; default /dev/shm. */
  readonly runtimeParent?: string
}

export interface LabEngine {
  /** Everything of this engine lies here. */
  readonly directory: string
  /** The whole environment of a child that shall use this engine, Compose v2 first in its PATH. */
  readonly env: Readonly<Record<string, string>>
  /** A directory for runtime files of whoever uses the engine, on tmpfs where the machine has one. */
  readonly runtimeDirectory: string
  /** A project name that nobody else has. */
  project(name: string): string
  readonly runtime: 'podman' | 'docker'
  /** Runs the engine's own program to its end; rejects with its words where it fails. */
  cli(args: readonly string[]): Promise<string>
  /** Builds an image from scratch and static busybox under this local name. */
  buildImage(tag: string, content?: ImageContent): Promise<void>
  /** Removes all of it; names the processes that had to be ended by force, which should be none. */
  stop(): Promise<readonly string[]>
}

/** Root's engine starts only within `isolate.ts`, because its bridges and rules would be the machine's own. */
export async function startEngine(options: LabEngineOptions = {}): Promise<LabEngine> {
  const { prefix = 'lab', parent = '/tmp', runtimeParent = '/dev/shm' } = options
  if (process.getuid?.() === 0 && process.env[ISOLATED] !== '1') {
    throw new Error(
      'Start the lab engine as root: only within "node test/lab/engine/isolate.ts --"',
    )
  }
  const directory = await mkdtemp(join(parent, 'ml-'))
  const runtimeDirectory = await mkdtemp(join(runtimeParent, 'ml-'))
  const env = await configure(directory, runtimeDirectory)
  const build = ['--format', 'docker']
  const driven = driveEngine({ program: 'podman', build, directory, env, prefix })
  return {
    directory,
    env,
    runtimeDirectory,
    runtime: 'podman',
    ...driven,
    stop: () => tearDown({ directory, runtimeDirectory, podman: driven.cli, env }),
  }
}

async function configure(
  directory: string,
  runtimeDirectory: string,
): Promise<Record<string, string>> {
  const at = (path: string) => join(directory, path)
  for (const path of ['home', 'bin', 'run', 'blobs', 'networks']) {
    await mkdir(at(path), { mode: 0o700 })
  }
  // In memory, as a user's is: there Magos keeps rendered stacks, and nothing of it stays.
  await symlink(runtimeDirectory, at('x'))
  await writeFile(at('containers.conf'), containersConf(directory))
  await writeFile(
    at('storage.conf'),
    [
      '[storage]',
      'driver = "overlay"',
      `graphroot = "${at('graph')}"`,
      `rootless_storage_path = "${at('graph')}"`,
      `runroot = "${at('run')}"`,
      '',
    ].join('\n'),
  )
  // No registry is declared insecure: whoever pulls has to say so, as on a user's host.
  await writeFile(at('registries.conf'), 'unqualified-search-registries = []\n')
  const compose = composePath()
  if (compose !== null) await symlink(compose, at('bin/docker-compose'))
  return {
    PATH: `${at('bin')}:${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`,
    HOME: at('home'),
    TMPDIR: at('blobs'),
    LANG: 'C.UTF-8',
    XDG_RUNTIME_DIR: at('x'),
    CONTAINERS_CONF: at('containers.conf'),
    CONTAINERS_STORAGE_CONF: at('storage.conf'),
    CONTAINERS_REGISTRIES_CONF: at('registries.conf'),
  }
}

function containersConf(directory: string): string {
  return [
    '[containers]',
    'default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]',
    '[engine]',
    'cgroup_manager = "cgroupfs"',
    'events_logger = "file"',
    // Else the locks are those of every podman of this user, and a file in /dev/shm stays.
    'lock_type = "file"',
    // A machine without runc has a podman that brought a runtime of its own.
    ...(programPath('runc') === null ? [] : ['runtime = "runc"']),
    `tmp_dir = "${join(directory, 'tmp')}"`,
    `image_copy_tmp_dir = "${join(directory, 'blobs')}"`,
    '[network]',
    // Without it networks are shared by all stores of the machine.
    `network_config_dir = "${join(directory, 'networks')}"`,
    '',
  ].join('\n')
}
