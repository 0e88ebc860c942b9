import { chmod } from 'node:fs/promises'
import type { HostFacts } from '../../domain/doctor/facts.ts'
import type { Http } from '../../host/http.ts'
import { targetOf } from '../../host/target.ts'
import type { RunChild } from '../../host/process.ts'
import type { Prerequisites } from '../../ports.ts'
import { readCgroups, readDelegated } from './cgroups.ts'
import { lookAtDataDirectory } from './data-directory.ts'
import { isUsable, lookAtTun } from './device.ts'
import { findProgram } from './programs.ts'
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
  /** PATH, where programs are looked for. */
  readonly path: string
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
  { run, user, dataDirectory, runtimeDirectory, path, root = '/' }: PrerequisitesOptions,
  images: string | null,
  signal: AbortSignal,
): Promise<HostFacts> {
  const systemd = await runsSystemd(root)
  const [newuidmap, newgidmap, pasta, slirp4netns] = await Promise.all(
    ['newuidmap', 'newgidmap', 'pasta', 'slirp4netns'].map((name) => findProgram(path, name)),
  )
  const storage = await Promise.all([
    lookAtStorage('data', dataDirectory),
    ...(images === null ? [] : [lookAtStorage('images', images)]),
    lookAtStorage('runtime', runtimeDirectory),
  ])
  signal.throwIfAborted()
  return {
    user,
    systemd: systemd ? 'yes' : 'no',
    programs: {
      newuidmap: newuidmap ?? null,
      newgidmap: newgidmap ?? null,
      pasta: pasta ?? null,
      slirp4netns: slirp4netns ?? null,
    },
    subordinate: {
      uids: await readRanges(root, 'etc/subuid', user),
      gids: await readRanges(root, 'etc/subgid', user),
    },
    tun: await lookAtTun(root),
    linger: systemd ? await readLinger(root, user.name) : null,
    runtimeDirectory: {
      path: runtimeDirectory,
      state: (await isUsable(runtimeDirectory)) ? 'usable' : 'absent',
    },
    cgroups: await readCgroups(root),
    delegated: systemd ? await readDelegated(root, user.uid) : null,
    dataDirectory: await lookAtDataDirectory(dataDirectory, user.uid),
    storage: storage.filter((one) => one !== null),
    timeSync: systemd ? await readTimeSync(run, signal) : null,
  }
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
