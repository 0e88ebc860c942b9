import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { mkdir, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  createRemoteSource,
  type RemoteSourceOptions,
} from '../../../src/adapters/git/remote-source.ts'
import type { NamedSource } from '../../../src/adapters/git/local-source.ts'
import type { Ancestry } from '../../../src/ports.ts'
import { createHttp, type Http } from '../../../src/host/http.ts'
import type { HttpRequest } from '../../../src/host/http-exchange.ts'
import { ancestryContract } from '../../contracts/ancestry.ts'
import { contents, sourceContract } from '../../contracts/source.ts'
import { type GitAccess, serveGit } from '../../lab/git-http.ts'
import { silent } from '../stack-files/laboratory.ts'
import { git, putCommit, temporaryDirectory, writers } from './repository.ts'

const noise = (size: number) =>
  Buffer.from(Array.from({ length: size }, (_value, index) => (index * index * 31) % 251))

const signal = (): AbortSignal => AbortSignal.timeout(30_000)

interface Server {
  readonly root: string
  readonly gitDir: string
  readonly url: string
  readonly http: Http
  /** Paths asked for, with the password that came along. */
  readonly asked: { path: string; password: string }[]
  /** Answers instead of git, where it does. */
  intercept: (request: IncomingMessage, response: ServerResponse) => boolean
  access: (password: string) => GitAccess
  readonly dispose: () => Promise<void>
}

async function startServer(): Promise<Server> {
  const { path: root, dispose } = await temporaryDirectory()
  const gitDir = join(root, 'owner/homelab.git')
  await mkdir(gitDir, { recursive: true })
  await git(gitDir, 'init', '-q', '-b', 'main', '--bare')
  const serve = serveGit({
    root,
    authorize: (_username, password) => server.access(password),
  })
  const listener = createServer((request, response) => {
    const basic = request.headers.authorization?.replace('Basic ', '') ?? ''
    const password = Buffer.from(basic, 'base64').toString('utf8').split(':')[1] ?? ''
    server.asked.push({ path: request.url ?? '', password })
    if (!server.intercept(request, response)) void serve(request, response)
  })
  await new Promise<void>((resolve) => void listener.listen(0, '127.0.0.1', resolve))
  const address = listener.address()
  if (address === null || typeof address === 'string') throw new Error('No port')
  const { port } = address
  const http = createHttp()
  const server: Server = {
    root,
    gitDir,
    url: `http://127.0.0.1:${port}/owner/homelab.git`,
    http,
    asked: [],
    intercept: () => false,
    access: (password) => password === 'good',
    async dispose() {
      await http.close()
      listener.closeAllConnections()
      await new Promise((resolve) => void listener.close(resolve))
      await dispose()
    },
  }
  return server
}

function connect(
  server: Server,
  options: Partial<RemoteSourceOptions> = {},
): NamedSource & Ancestry {
  return createRemoteSource({
    url: server.url,
    branch: 'main',
    directory: join(server.root, 'clones'),
    token: async () => 'good',
    http: server.http,
    log: silent,
    ...options,
  })
}

function redirect(server: Server, to: (path: string) => string): void {
  server.intercept = (request, response) => {
    if (request.url?.startsWith('/owner/old.git') !== true) return false
    response.writeHead(301, { location: to(request.url) }).end()
    return true
  }
}

sourceContract('a remote over HTTP', async () => {
  const server = await startServer()
  return {
    source: connect(server),
    put: (files) => putCommit(server.gitDir, 'main', files),
    replace: (files) => putCommit(server.gitDir, 'main', files, { on: 'nothing' }),
    async remove() {
      await git(server.gitDir, 'update-ref', '-d', 'refs/heads/main')
    },
    dispose: server.dispose,
  }
})

ancestryContract('a remote over HTTP', async () => {
  const server = await startServer()
  const source = connect(server)
  return { source, ancestry: source, ...writers(server.gitDir), dispose: server.dispose }
})

describe('createRemoteSource()', () => {
  let server: Server
  beforeEach(async () => {
    server = await startServer()
    await putCommit(server.gitDir, 'main', { a: '1\n' })
  })
  afterEach(() => server.dispose())

  const clonesOf = async (): Promise<string[]> => {
    const base = join(server.root, 'clones')
    const keys = await readdir(base).catch(() => [])
    const lists = keys.map(async (key) =>
      (await readdir(join(base, key))).map((one) => join(base, key, one)),
    )
    return (await Promise.all(lists)).flat()
  }

  it('brings history that a fresh clone lacks, once, and then knows it', async () => {
    const first = await git(server.gitDir, 'rev-parse', 'main')
    const second = await putCommit(server.gitDir, 'main', { a: '2\n' })
    const third = await putCommit(server.gitDir, 'main', { a: '3\n' })
    const source = connect(server)
    const head = await source.head(signal())
    expect(head.commit).toBe(third)
    server.asked.length = 0
    const found = await source.between(first, head, signal())
    expect(found?.map(({ revision }) => revision.commit)).toEqual([third, second])
    expect(server.asked).toHaveLength(2)
    expect(await source.between(first, head, signal())).toEqual(found)
    const before = await source.revision(first.slice(0, 8), signal())
    expect(before?.commit).toBe(first)
    expect(await contents(source, before ?? head)).toEqual({ a: '1\n' })
    expect(server.asked).toHaveLength(2)
  })

  it('asks once when nothing moved, and thrice when the branch did', async () => {
    const source = connect(server)
    await source.head(signal())
    server.asked.length = 0
    await source.head(signal())
    expect(server.asked.map((one) => one.path)).toEqual([
      '/owner/homelab.git/info/refs?service=git-upload-pack',
    ])
    await putCommit(server.gitDir, 'main', { a: '2\n' })
    server.asked.length = 0
    await source.head(signal())
    expect(server.asked.map((one) => one.path)).toEqual([
      '/owner/homelab.git/info/refs?service=git-upload-pack',
      '/owner/homelab.git/info/refs?service=git-upload-pack',
      '/owner/homelab.git/git-upload-pack',
    ])
  })

  it('fetches only what is new', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 60 }, (_v, n) => [
        `stack-${n}/compose.yaml`,
        Buffer.concat([noise(4000), Buffer.from(`${n}`)]),
      ]),
    )
    await putCommit(server.gitDir, 'main', files)
    let bytes = 0
    const http = {
      async request(request: HttpRequest) {
        const response = await server.http.request(request)
        bytes += response.body.byteLength
        return response
      },
    }
    const source = connect(server, { http })
    await source.head(signal())
    const first = bytes
    bytes = 0
    await putCommit(server.gitDir, 'main', { ...files, 'stack-1/compose.yaml': 'changed' })
    const head = await source.head(signal())
    expect(bytes).toBeLessThan(first / 2)
    expect((await contents(source, head))['stack-1/compose.yaml']).toBe('changed')
  })

  it('watches the branch that HEAD names when none is given', async () => {
    await putCommit(server.gitDir, 'trunk', { t: '1\n' })
    await git(server.gitDir, 'symbolic-ref', 'HEAD', 'refs/heads/trunk')
    const source = connect(server, { branch: null })
    expect(await source.branchName(signal())).toBe('trunk')
    expect(await contents(source, await source.head(signal()))).toEqual({ t: '1\n' })
    await git(server.gitDir, 'symbolic-ref', 'HEAD', 'refs/heads/main')
    expect(await source.branchName(signal())).toBe('trunk')
  })

  it('says that an empty repository has no branch', async () => {
    await git(server.gitDir, 'update-ref', '-d', 'refs/heads/main')
    for (const branch of [null, 'main']) {
      await expect(connect(server, { branch }).head(signal())).rejects.toMatchObject({
        code: 'not-found',
        remedy: expect.stringContaining('MD_BRANCH'),
      })
    }
  })

  it('finds its clone again after a restart', async () => {
    const first = await connect(server).head(signal())
    server.asked.length = 0
    const source = connect(server)
    expect(await source.head(signal())).toEqual(first)
    expect(server.asked).toHaveLength(1)
    expect(await contents(source, first)).toEqual({ a: '1\n' })
    expect(await clonesOf()).toHaveLength(1)
  })

  it('keeps branches apart, in folders that no name can choose', async () => {
    await putCommit(server.gitDir, 'deep/er', { b: '1\n' })
    const deep = connect(server, { branch: 'deep/er' })
    expect(await contents(deep, await deep.head(signal()))).toEqual({ b: '1\n' })
    await connect(server).head(signal())
    const keys = await readdir(join(server.root, 'clones'))
    expect(keys).toEqual([
      expect.stringMatching(/^[0-9a-f]{32}$/u),
      expect.stringMatching(/^[0-9a-f]{32}$/u),
    ])
    expect((await stat(join(server.root, 'clones', keys[0] ?? ''))).mode & 0o077).toBe(0)
  })

  it('clones anew when packs pile up, and still reads the revision before', async () => {
    const source = connect(server, { maxPacks: 3 })
    const heads = []
    for (const content of ['1', '2', '3', '4', '5', '6', '7']) {
      await putCommit(server.gitDir, 'main', { a: content, [`f${content}`]: content })
      heads.push(await source.head(signal()))
    }
    const last = heads.at(-1)
    const before = heads.at(-2)
    if (last === undefined || before === undefined) throw new Error('No heads')
    expect(await contents(source, last)).toMatchObject({ a: '7' })
    expect(await contents(source, before)).toMatchObject({ a: '6' })
    expect((await clonesOf()).length).toBeLessThanOrEqual(2)
  })

  it.each<[string, (clone: string) => Promise<unknown>]>([
    [
      'a cut pack',
      async (clone) => {
        const names = await readdir(join(clone, 'objects/pack'))
        const pack = names.find((name) => name.endsWith('.pack')) ?? ''
        await truncate(join(clone, 'objects/pack', pack), 30)
      },
    ],
    [
      'an index of nonsense',
      async (clone) => {
        const names = await readdir(join(clone, 'objects/pack'))
        const index = names.find((name) => name.endsWith('.idx')) ?? ''
        await writeFile(join(clone, 'objects/pack', index), 'nonsense')
      },
    ],
  ])('clones anew over %s', async (_title, damage) => {
    await connect(server).head(signal())
    const [clone = ''] = await clonesOf()
    await damage(clone)
    await putCommit(server.gitDir, 'main', { a: '2\n' })
    const source = connect(server)
    expect(await contents(source, await source.head(signal()))).toEqual({ a: '2\n' })
  })

  it('does not take a clone for whole that a kill has left half done', async () => {
    const source = connect(server)
    server.intercept = (request, response) => {
      if (request.method !== 'POST') return false
      response.destroy()
      return true
    }
    await expect(source.head(signal())).rejects.toMatchObject({ code: 'network' })
    server.intercept = () => false
    expect(await contents(source, await source.head(signal()))).toEqual({ a: '1\n' })
  })

  describe('as somebody', () => {
    it('authorizes beforehand, as x-access-token, and keeps the token off the disk', async () => {
      const source = connect(server)
      await source.head(signal())
      expect(new Set(server.asked.map((one) => one.password))).toEqual(new Set(['good']))
      const [clone = ''] = await clonesOf()
      expect(await readFile(join(clone, 'config'), 'utf8')).not.toContain('good')
    })

    it('mints anew at once when a token is refused, and tries once more', async () => {
      const minted: boolean[] = []
      const source = connect(server, {
        async token(_signal, { refresh }) {
          minted.push(refresh)
          return minted.includes(true) ? 'good' : 'stale'
        },
      })
      await source.head(signal())
      expect(minted.slice(0, 2)).toEqual([false, true])
      expect(minted.filter((refresh) => refresh)).toHaveLength(1)
    })

    it.each<[GitAccess, string, RegExp]>([
      [false, 'unauthorized', /token/u],
      ['forbidden', 'unauthorized', /denied/u],
      ['not-found', 'not-found', /no such repository/u],
    ])('throws for %j, once it has tried anew', async (access, code, message) => {
      server.access = () => access
      const source = connect(server, { token: async () => 'secret-token' })
      const thrown: unknown = await source.head(signal()).catch((error: unknown) => error)
      expect(thrown).toMatchObject({ code, message: expect.stringMatching(message) })
      expect(JSON.stringify(thrown) + String(thrown)).not.toContain('secret-token')
      expect(server.asked).toHaveLength(access === false ? 2 : 1)
    })

    it('reads without a token where nobody asks for one', async () => {
      server.access = () => 'anonymous'
      const source = connect(server, { token: null })
      expect(await contents(source, await source.head(signal()))).toEqual({ a: '1\n' })
      expect(new Set(server.asked.map((one) => one.password))).toEqual(new Set(['']))
    })
  })

  describe('behind a server that', () => {
    it('moved the repository within itself, follows', async () => {
      redirect(server, (path) => path.replace('/old.git', '/homelab.git'))
      const source = connect(server, { url: server.url.replace('/homelab.git', '/old.git') })
      expect(await contents(source, await source.head(signal()))).toEqual({ a: '1\n' })
      server.asked.length = 0
      await source.head(signal())
      expect(server.asked).toHaveLength(1)
    })

    it('points to another origin, refuses and sends nothing there', async () => {
      const other = await startServer()
      try {
        redirect(
          server,
          (path) => new URL(path.replace('/old.git', '/homelab.git'), other.url).href,
        )
        const source = connect(server, { url: server.url.replace('/homelab.git', '/old.git') })
        await expect(source.head(signal())).rejects.toMatchObject({
          code: 'network',
          remedy: expect.stringContaining('MD_REPO'),
        })
        expect(other.asked).toEqual([])
      } finally {
        await other.dispose()
      }
    })

    it.each<[string, number, Record<string, string>, string]>([
      ['is broken', 503, {}, 'network'],
      ['limits us', 429, { 'retry-after': '30' }, 'rate-limit'],
      ['speaks no git', 200, { 'content-type': 'text/html' }, 'git'],
    ])('%s, says so', async (_title, status, headers, code) => {
      server.intercept = (_request, response) => {
        response.writeHead(status, headers).end('<html>hello</html>')
        return true
      }
      const thrown: unknown = await connect(server)
        .head(signal())
        .catch((error: unknown) => error)
      expect(thrown).toMatchObject({ name: 'MagosError', code })
      if (status !== 429) return
      expect(Reflect.get(Object(thrown), 'retryAt')).toBeGreaterThan(Date.now())
    })

    it('says nothing, is given up by the signal', async () => {
      server.intercept = () => true
      const attempt = connect(server).head(AbortSignal.timeout(150))
      await expect(attempt).rejects.toMatchObject({ code: 'interrupted' })
    })

    it('does not answer, is told as the network', async () => {
      const source = connect(server, { url: 'http://127.0.0.1:1/owner/homelab.git' })
      await expect(source.head(signal())).rejects.toMatchObject({ code: 'network' })
    })
  })

  it.each(['--upload-pack=x', 'a..b', '../../x'])('refuses %j as a branch', async (branch) => {
    await expect(connect(server, { branch }).head(signal())).rejects.toMatchObject({
      code: 'configuration',
    })
    expect(server.asked).toEqual([])
  })

  it('refuses an address that is no web address, without repeating it', () => {
    const url = 'ssh://user:hunter2@host/x'
    expect(() => connect(server, { url })).toThrow(/no http/u)
    expect(() => connect(server, { url })).not.toThrow(/hunter2/u)
  })

  it('serves many askers at once, one fetch for all', async () => {
    const source = connect(server)
    const heads = await Promise.all(Array.from({ length: 5 }, () => source.head(signal())))
    expect(new Set(heads.map((head) => head.commit)).size).toBe(1)
    expect(
      server.asked.filter((one) => one.path.endsWith('git-upload-pack') && !one.path.includes('?')),
    ).toHaveLength(1)
  })
})
