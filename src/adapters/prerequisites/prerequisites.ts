import { chmod } from 'node:fs/promises'
import type { HostFacts } from '../../domain/doctor/facts.ts'
import type { Http } from '../../host/http.ts'
import { targetOf } from '../../host/target.ts'
import type { RunChild } from '../../host/process.ts'
import type { Prerequisites } from '../../ports.ts'
import { readCgroups, readDelegated } from './cgroups.ts'
import { lookAtDataDirectory } from './data-directory.ts'
import { lookAtTun } from './device.ts'
import { readFirstPort, readUserNamespaces } from './kernel.ts'
import { lookAtMapping } from './mapping.ts'
import { readNoNewPrivileges } from './privileges.ts'
import { findProgram } from './programs.ts'
import { lookAtRuntimeDirectory } from './runtime-directory.ts'
import { lookAtSockets } from './sockets.ts'
import { lookAtStorage } from './storage.ts'
import { readRanges } from './subordinate.ts'
import { readLinger, readTimeSync, runsSystemd } from './systemd.ts'

export interface PrerequisitesOptions {
  readonly run: RunChild
  readonly http: Pick<Http, 'request'>
  readonly now: () => number
  readonly user: { readonly name: string; readonly uid: number }
  readonly dataDirectory: string
  /** Of this user on tmpfs, whether it is there or not. */
  readonly runtimeDirectory: string
  /** Of it PATH, CONTAINER_HOST and DOCKER_HOST are read. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Where the system's own files lie; default `/`. */
  readonly root?: string
}

/** This machine by its own files and what its programs say. */
export function createPrerequisites(options: PrerequisitesOptions): Prerequisites {
  const { run, dataDirectory, user } = options
  return {
    look: (images, signal) => look(options, images, signal),
    skew: (url, signal) => measureSkew(options, url, signal),
    async mend(what, signal) {
      if (what === 'data-directory') {
        await chmod(dataDirectory, 0o700)
        return `closed ${dataDirectory} to others`
      }
      const asked = await run('loginctl', ['enable-linger', user.name], { signal, timeout: 10_000 })
      return asked.exitCode === 0 ? `let services of ${user.name} outlive their sessions` : null
    },
  }
}

async function look(
  options: PrerequisitesOptions,
  images: string | null,
  signal: AbortSignal,
): Promise<HostFacts> {
  const { run, user, dataDirectory, runtimeDirectory, environment, root = '/' } = options
  signal.throwIfAborted()
  const path = environment['PATH'] ?? ''
  const systemd = await runsSystemd(root)
  const storage = await Promise.all([
    lookAtStorage('data', dataDirectory),
    ...(images === null ? [] : [lookAtStorage('images', images)]),
    lookAtStorage('runtime', runtimeDirectory),
  ])
  const facts = {
    user,
    systemd: systemd ? 'yes' : 'no',
    programs: {
      pasta: await findProgram(path, 'pasta'),
      slirp4netns: await findProgram(path, 'slirp4netns'),
    },
    mapping: await lookAtMapping(run, path, signal),
    userNamespaces: await readUserNamespaces(root),
    noNewPrivileges: await readNoNewPrivileges({ run, root, uid: user.uid, systemd }, signal),
    firstPort: await readFirstPort(root),
    sockets: await lookAtSockets({ root, user, runtimeDirectory, environment }),
    subordinate: {
      uids: await readRanges(root, 'etc/subuid', user),
      gids: await readRanges(root, 'etc/subgid', user),
    },
    tun: await lookAtTun(root),
    linger: systemd ? await readLinger(root, user.name) : null,
    runtimeDirectory: await lookAtRuntimeDirectory(root, runtimeDirectory, user.uid),
    cgroups: await readCgroups(root),
    delegated: systemd ? await readDelegated(root, user.uid) : null,
    dataDirectory: await lookAtDataDirectory(dataDirectory, user.uid),
    storage: storage.filter((one) => one !== null),
    timeSync: systemd ? await readTimeSync(run, signal) : null,
  } as const
  signal.throwIfAborted()
  return facts
}

/** Half of the way there and back is taken for the way there. */
async function measureSkew(
  { http, now }: PrerequisitesOptions,
  url: string,
  signal: AbortSignal,
): Promise<number | null> {
  const asked = now()
  const { headers } = await http.request({
    method: 'HEAD',
    target: targetOf(new URL(url)),
    maxBody: 0,
    timeout: 10_000,
    signal,
  })
  const told = Date.parse(headers['date'] ?? '')
  // An HTTP date has no parts of a second, so that half of one is what is most likely missing.
  return Number.isNaN(told) ? null : Math.round((asked + now()) / 2 - (told + 500))
}
