import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  createPrerequisites,
  type PrerequisitesOptions,
} from '../../../src/adapters/prerequisites/prerequisites.ts'
import { createHttp } from '../../../src/host/http.ts'
import type { ChildResult, RunChild } from '../../../src/host/process.ts'
import { prerequisitesContract } from '../../contracts/prerequisites.ts'
import { createMemoryPrerequisites, soundFacts } from '../../fakes/memory-prerequisites.ts'

const { signal } = new AbortController()
const uid = process.getuid?.() ?? 0

/** Programs that are asked: `timedatectl` tells, all others refuse. */
const run: RunChild = async (command) => {
  const isTold = command === 'timedatectl'
  const result: ChildResult = {
    outcome: 'exited',
    exitCode: isTold ? 0 : 1,
    stdout: isTold ? 'no\n' : '',
    stderr: '',
    stdoutBytes: new Uint8Array(),
  }
  return Promise.resolve(result)
}

async function lay(root: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text)
  }
}

async function machineAt(over: Partial<PrerequisitesOptions> = {}) {
  const root = await mkdtemp(join(tmpdir(), 'magos-machine-'))
  const http = createHttp()
  const options: PrerequisitesOptions = {
    run,
    http,
    now: () => Date.now(),
    user: { name: 'ada', uid },
    dataDirectory: join(root, 'data'),
    runtimeDirectory: join(root, 'run/user'),
    path: join(root, 'bin'),
    root,
    ...over,
  }
  return {
    root,
    prerequisites: createPrerequisites(options),
    async close() {
      await http.close()
      await rm(root, { recursive: true, force: true })
    },
  }
}

prerequisitesContract('this machine', async () => {
  const subject = await machineAt()
  await mkdir(join(subject.root, 'data'))
  await chmod(join(subject.root, 'data'), 0o755)
  return subject
})

prerequisitesContract('a machine in memory', async () => {
  const prerequisites = createMemoryPrerequisites({
    dataDirectory: { ...soundFacts.dataDirectory, state: 'open' },
  })
  prerequisites.mends = new Set(['data-directory'])
  return Promise.resolve({ prerequisites, close: () => Promise.resolve() })
})

describe('createPrerequisites()', () => {
  it('look() finds nothing on a machine that has nothing', async () => {
    await using subject = closing(await machineAt())
    expect(await subject.prerequisites.look(null, signal)).toMatchObject({
      systemd: 'no',
      programs: { newuidmap: null, newgidmap: null, pasta: null, slirp4netns: null },
      subordinate: { uids: [], gids: [] },
      tun: 'absent',
      linger: null,
      runtimeDirectory: { state: 'absent' },
      cgroups: 'v1',
      delegated: null,
      dataDirectory: { state: 'absent' },
      timeSync: null,
    })
  })

  it('look() reads the system’s own files', async () => {
    await using subject = closing(await machineAt())
    const { root, prerequisites } = subject
    await lay(root, {
      'run/systemd/system/x': '',
      'etc/subuid': 'bob:1:2\nada:100000:65536\nada:x:1\n',
      'etc/subgid': `${uid}:200000:10\nada:300000:20\n`,
      'dev/net/tun': '',
      'var/lib/systemd/linger/ada': '',
      'run/user/x': '',
      'sys/fs/cgroup/cgroup.controllers': 'cpu memory\n',
      [`sys/fs/cgroup/user.slice/user-${uid}.slice/user@${uid}.service/cgroup.controllers`]:
        'memory pids\n',
      'bin/pasta': '',
    })
    await chmod(join(root, 'bin/pasta'), 0o755)
    expect(await prerequisites.look(join(root, 'images/not/yet'), signal)).toMatchObject({
      systemd: 'yes',
      programs: { pasta: join(root, 'bin/pasta'), slirp4netns: null },
      subordinate: {
        uids: [{ first: 100_000, count: 65_536 }],
        gids: [
          { first: 200_000, count: 10 },
          { first: 300_000, count: 20 },
        ],
      },
      tun: 'usable',
      linger: 'yes',
      runtimeDirectory: { state: 'usable' },
      cgroups: 'v2',
      delegated: ['memory', 'pids'],
      storage: [{ purpose: 'data' }, { purpose: 'images' }, { purpose: 'runtime' }],
      timeSync: 'no',
    })
  })

  it('look() tells of a file where the data directory should be', async () => {
    await using subject = closing(await machineAt())
    await writeFile(join(subject.root, 'data'), '')
    const { dataDirectory } = await subject.prerequisites.look(null, signal)
    expect(dataDirectory.state).toBe('no-directory')
  })

  it('skew() compares the clock with a server’s date, and knows one that tells none', async () => {
    let date: string | null = new Date(Date.now() - 120_000).toUTCString()
    const server = createServer((_request, response) => {
      response.sendDate = false
      if (date !== null) response.setHeader('date', date)
      response.end()
    })
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/`
    await using subject = closing(await machineAt())
    try {
      const skew = (await subject.prerequisites.skew(url, signal)) ?? 0
      expect(Math.abs(skew - 120_000)).toBeLessThan(30_000)
      date = null
      expect(await subject.prerequisites.skew(url, signal)).toBeNull()
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })
})

function closing<Subject extends { close(): Promise<void> }>(subject: Subject) {
  return { ...subject, [Symbol.asyncDispose]: () => subject.close() }
}
