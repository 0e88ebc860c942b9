import { once } from 'node:events'
import { chmod, chown, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createServer as createNetServer } from 'node:net'
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

/** Programs that answer by name; all others are absent. */
function answering(
  programs: Readonly<Record<string, (args: readonly string[]) => string>>,
): RunChild {
  return async (command, args) => {
    const answer = programs[command]
    const result: ChildResult = {
      outcome: answer === undefined ? 'absent' : 'exited',
      exitCode: answer === undefined ? null : 0,
      stdout: answer?.(args) ?? '',
      stderr: '',
      stdoutBytes: new Uint8Array(),
    }
    return Promise.resolve(result)
  }
}

/** A socket as a server that was killed leaves it. */
async function leftSocket(path: string): Promise<string> {
  const server = createNetServer().listen(`${path}.moved`)
  await once(server, 'listening')
  await rename(`${path}.moved`, path)
  server.close()
  return path
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
    environment: { PATH: join(root, 'bin') },
    root,
    ...over,
  }
  return {
    root,
    options,
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
      programs: { pasta: null, slirp4netns: null },
      mapping: { newuidmap: null, newgidmap: null },
      userNamespaces: 'allowed',
      noNewPrivileges: { here: 'no', service: null },
      firstPort: 1024,
      sockets: [
        { engine: 'podman', variable: null, state: 'absent', group: null },
        { engine: 'docker', variable: null, state: 'absent', group: null },
      ],
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

  it('look() reads what lets newuidmap do its work', async () => {
    await using subject = closing(
      await machineAt({
        run: answering({
          getcap: ([file = '']) => (file.endsWith('newuidmap') ? `${file} cap_setuid=ep\n` : ''),
          systemctl: () => '77\n',
        }),
      }),
    )
    const { root, prerequisites } = subject
    await lay(root, {
      'run/systemd/system/x': '',
      'bin/newuidmap': '',
      'bin/newgidmap': '',
      'proc/self/status': 'Name:\tnode\nNoNewPrivs:\t1\n',
      'proc/77/status': 'NoNewPrivs:\t0\n',
      'proc/sys/user/max_user_namespaces': '0\n',
      'proc/sys/net/ipv4/ip_unprivileged_port_start': '80\n',
    })
    await chmod(join(root, 'bin/newuidmap'), 0o755)
    await chmod(join(root, 'bin/newgidmap'), 0o755)
    expect(await prerequisites.look(null, signal)).toMatchObject({
      mapping: { newuidmap: { rights: 'capability' }, newgidmap: { rights: 'none' } },
      noNewPrivileges: { here: 'yes', service: 'no' },
      userNamespaces: 'off',
      firstPort: 80,
    })
    await rm(join(root, 'run/systemd'), { recursive: true })
    expect((await prerequisites.look(null, signal)).noNewPrivileges.service).toBeNull()
    await lay(root, { 'proc/sys/user/max_user_namespaces': '7\n' })
    await lay(root, { 'proc/sys/kernel/unprivileged_userns_clone': '0\n' })
    expect(await prerequisites.look(null, signal)).toMatchObject({ userNamespaces: 'root-only' })
  })

  it.skipIf(uid !== 0)(
    'look() takes the setuid bit of root for a right, and of nobody else',
    async () => {
      await using subject = closing(await machineAt())
      const { root, prerequisites } = subject
      await lay(root, { 'bin/newuidmap': '', 'bin/newgidmap': '' })
      await chown(join(root, 'bin/newgidmap'), 1234, 1234)
      await chmod(join(root, 'bin/newuidmap'), 0o4755)
      await chmod(join(root, 'bin/newgidmap'), 0o4755)
      const { mapping } = await prerequisites.look(null, signal)
      expect(mapping).toMatchObject({
        newuidmap: { rights: 'setuid' },
        newgidmap: { rights: 'unseen' },
      })
    },
  )

  it('look() tells of sockets whether they answer', async () => {
    await using subject = closing(await machineAt())
    const { root } = subject
    const at = (path: string) => join(root, path)
    await lay(root, { 'etc/group': `staff:x:${process.getgid?.() ?? 0}:ada,bob\n`, file: '' })
    const server = createNetServer().listen(at('good.sock'))
    await once(server, 'listening')
    const left = await leftSocket(at('left.sock'))
    const state = async (address: string) => {
      const environment = { CONTAINER_HOST: address, DOCKER_HOST: address }
      const facts = await createPrerequisites({ ...subject.options, environment }).look(
        null,
        signal,
      )
      expect(facts.sockets.map(({ variable }) => variable)).toEqual([
        'CONTAINER_HOST',
        'DOCKER_HOST',
      ])
      return facts.sockets[0]
    }
    try {
      const group = { name: 'staff', lists: 'user' }
      expect(await state(`unix://${at('good.sock')}`)).toMatchObject({ state: 'answers', group })
      expect(await state(`unix://${left}`)).toMatchObject({ state: 'silent' })
      expect(await state(`unix://${at('file')}`)).toMatchObject({ state: 'no-socket' })
      expect(await state(`unix://${at('none')}`)).toMatchObject({ state: 'absent' })
      expect(await state(`unix:///${'x'.repeat(107)}`)).toMatchObject({ state: 'too-long' })
      expect(await state('ssh://me:planted@nas/run')).toMatchObject({
        state: 'elsewhere',
        address: 'ssh://me@nas/run',
      })
    } finally {
      server.close()
    }
  })

  it('look() tells whose a runtime directory is', async () => {
    await using subject = closing(await machineAt({ user: { name: 'ada', uid: uid + 1 } }))
    const { root, prerequisites } = subject
    await lay(root, { 'etc/passwd': `bob:x:${uid}:0::/:/bin/sh\n`, 'run/user/x': '' })
    expect(await prerequisites.look(null, signal)).toMatchObject({
      runtimeDirectory: { state: 'not-ours', owner: 'bob' },
    })
    await rm(join(root, 'run/user'), { recursive: true })
    await lay(root, { 'run/user': '' })
    expect(await prerequisites.look(null, signal)).toMatchObject({
      runtimeDirectory: { state: 'no-directory' },
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
