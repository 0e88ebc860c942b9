import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App } from '@octokit/app'
import { Octokit } from '@octokit/core'
import { Webhooks } from '@octokit/webhooks'
import { execa } from 'execa'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { signature } from '../../lab/github/deliveries.ts'
import { failing } from '../../lab/github/faults.ts'
import { prepareLab } from '../../lab/github/lab.ts'
import type { LabParts } from '../../lab/github/lab.ts'
import { operations } from '../../lab/github/operations.ts'
import { signal, startFixture } from './fixture.ts'
import type { Fixture } from './fixture.ts'

interface Received {
  readonly event: string
  readonly guid: string
  readonly signature: string
  readonly body: string
}

const secret = 'planted-secret'
const digest = `sha256:${'a'.repeat(64)}`
const repo = { owner: 'acme', repo: 'homelab' }

let parts: LabParts
let at: Fixture
let receiver: Server
const received: Received[] = []

beforeAll(async () => {
  parts = await prepareLab()
})
beforeEach(async () => {
  received.length = 0
  receiver = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(Buffer.from(chunk))
    const header = (name: string): string => String(request.headers[name])
    received.push({
      event: header('x-github-event'),
      guid: header('x-github-delivery'),
      signature: header('x-hub-signature-256'),
      body: Buffer.concat(chunks).toString('utf8'),
    })
    response.writeHead(202).end()
  })
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  const address = receiver.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  at = await startFixture(parts, { hook: { url: `http://127.0.0.1:${port}/`, secret } })
  await at.lab.deliveries.settled()
  received.length = 0
})
afterEach(async () => {
  await at.close()
  receiver.closeAllConnections()
  await new Promise((resolve) => receiver.close(resolve))
})

const settle = async (): Promise<readonly string[]> => {
  await at.lab.settled()
  return received.map(({ event }) => event)
}

async function asInstallation(): Promise<Octokit> {
  const token = await at.github.token(signal())
  return new Octokit({ baseUrl: at.lab.url, auth: token })
}

function asApp(privateKey = at.app.privateKey): Octokit {
  const Configured = Octokit.defaults({ baseUrl: at.lab.url })
  return new App({ appId: at.app.id, privateKey, Octokit: Configured }).octokit
}

async function refused(call: Promise<unknown>): Promise<string> {
  try {
    await call
    return 'done'
  } catch (error) {
    return error instanceof Error
      ? error.message.replace(' - https://docs.github.com/rest', '')
      : ''
  }
}

describe('startGitHub(): Git Data API', () => {
  it('refuses refs in GitHub’s own words', async () => {
    const octokit = await asInstallation()
    const { commit: first } = await at.repository.head()
    await at.repository.commit([{ path: 'x', content: 'x' }])
    const patch = (ref: string, sha = first) =>
      refused(octokit.request('PATCH /repos/{owner}/{repo}/git/refs/{ref}', { ...repo, ref, sha }))
    const create = (ref: string, sha = first) =>
      refused(octokit.request('POST /repos/{owner}/{repo}/git/refs', { ...repo, ref, sha }))
    expect(await patch('heads/main')).toBe('Update is not a fast forward')
    expect(await patch('heads/none')).toBe('Reference does not exist')
    expect(await patch('heads/main', 'f'.repeat(40))).toBe('Object does not exist')
    expect(await create('refs/heads/main')).toBe('Reference already exists')
    expect(await create('refs/heads/with/slash')).toBe('done')
    const drop = (ref: string) =>
      refused(octokit.request('DELETE /repos/{owner}/{repo}/git/refs/{ref}', { ...repo, ref }))
    expect(await drop('heads/with/slash')).toBe('done')
    expect(await drop('heads/with/slash')).toBe('Reference does not exist')
  })

  it('refuses every Git call on an empty repository', async () => {
    await at.lab.createRepository({ name: 'empty' })
    at.lab.install(at.app, 'all')
    const octokit = new Octokit({ baseUrl: at.lab.url, auth: at.lab.state.personToken })
    const empty = { owner: 'acme', repo: 'empty' }
    expect(
      await refused(
        octokit.request('GET /repos/{owner}/{repo}/git/ref/{ref}', { ...empty, ref: 'heads/main' }),
      ),
    ).toBe('Git Repository is empty.')
  })

  it('writes trees by entry: inline, by object, as a directory, and away', async () => {
    const octokit = await asInstallation()
    const { tree: base } = await at.repository.head()
    const write = async (tree: object[]) =>
      await octokit.request('POST /repos/{owner}/{repo}/git/trees', {
        ...repo,
        base_tree: base,
        tree,
      })
    const { data } = await write([
      { path: 'copy', mode: '040000', type: 'tree', sha: base },
      { path: 'README.md', mode: '100644', type: 'blob', sha: null },
      { path: 'app', mode: '100755', type: 'blob', content: '#!/bin/sh\n' },
    ])
    const { data: whole } = await octokit.request(
      'GET /repos/{owner}/{repo}/git/trees/{tree_sha}',
      { ...repo, tree_sha: data.sha, recursive: '1' },
    )
    expect(whole.tree.map(({ path, mode }) => `${mode} ${path}`)).toEqual([
      '100755 app',
      '040000 copy',
      '100644 copy/README.md',
      '040000 copy/app',
      '100644 copy/app/compose.yaml',
    ])
    const gone = { path: 'none', mode: '100644', type: 'blob', sha: null }
    expect(await refused(write([gone]))).toBe('GitRPC::BadObjectState')
    const bad = { path: 'a/../b', mode: '100644', type: 'blob', content: '' }
    expect(await refused(write([bad]))).toBe('tree.path contains a malformed path component')
    const both = { path: 'a', mode: '100644', type: 'blob', content: '', sha: base }
    expect(await refused(write([both]))).toBe('Must supply either tree.sha or tree.content')
  })
})

describe('startGitHub(): Apps', () => {
  it('accepts only the key that belongs to the App', async () => {
    expect((await asApp().request('GET /app')).data?.slug).toBe('magos-lab')
    const { keys } = await prepareLab()
    const other = keys.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString()
    expect(await refused(asApp(other).request('GET /app'))).toBe(
      'A JSON web token could not be decoded',
    )
  })

  it('mints tokens of the new format that expire and are scoped', async () => {
    const second = await at.lab.createRepository({ name: 'second', files: [] })
    at.lab.select(at.installation, [at.repository, second])
    const { data } = await asApp().request(
      'POST /app/installations/{installation_id}/access_tokens',
      {
        installation_id: at.installation.id,
        repositories: ['second'],
        permissions: { contents: 'read' },
      },
    )
    expect(data.token).toMatch(new RegExp(`^ghs_${at.app.id}_[\\w-]+\\.[\\w-]+\\.[\\w-]+$`, 'u'))
    const octokit = new Octokit({ baseUrl: at.lab.url, auth: data.token })
    expect(await refused(octokit.request('GET /repos/{owner}/{repo}', repo))).toBe('Not Found')
    const { data: seen } = await octokit.request('GET /installation/repositories')
    expect(seen.repositories.map(({ name }) => name)).toEqual(['second'])
    const blob = { owner: 'acme', repo: 'second', content: 'x' }
    expect(await refused(octokit.request('POST /repos/{owner}/{repo}/git/blobs', blob))).toBe(
      'Resource not accessible by integration',
    )
    const held = at.lab.state.tokens.get(data.token)
    at.lab.state.tokens.set(data.token, Object.assign({}, held, { expiresAt: Date.now() }))
    expect(await refused(octokit.request('GET /installation/repositories'))).toBe('Bad credentials')
  })

  it('slows down who writes too much', async () => {
    at.lab.limiter.set({ perMinute: 1 })
    const octokit = await asInstallation()
    const write = () =>
      octokit.request('POST /repos/{owner}/{repo}/git/blobs', { ...repo, content: 'x' })
    expect(Number((await write()).headers['x-ratelimit-remaining'])).toBe(4999)
    const error: unknown = await write().catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ status: 403, response: { headers: { 'retry-after': '60' } } })
  })
})

describe('startGitHub(): what stands around commits', () => {
  it('keeps statuses, deployments, checks and pull requests', async () => {
    const octokit = await asInstallation()
    const { commit: sha } = await at.repository.head()
    const status = { ...repo, sha, state: 'failure' as const, context: 'a' }
    await octokit.request('POST /repos/{owner}/{repo}/statuses/{sha}', status)
    const { data: combined } = await octokit.request(
      'GET /repos/{owner}/{repo}/commits/{ref}/status',
      { ...repo, ref: 'main' },
    )
    expect(combined).toMatchObject({ state: 'failure', total_count: 1 })
    const deploy = { ...repo, ref: sha, environment: 'host' }
    expect(
      await refused(octokit.request('POST /repos/{owner}/{repo}/deployments', deploy)),
    ).toMatch(/^Conflict/u)
    const { data: deployment } = await octokit.request('POST /repos/{owner}/{repo}/deployments', {
      ...deploy,
      required_contexts: [],
      auto_merge: false,
    })
    if (!('id' in deployment)) throw new Error('It was merged instead')
    const of = { ...repo, deployment_id: Number(deployment.id) }
    await octokit.request('POST /repos/{owner}/{repo}/deployments/{deployment_id}/statuses', {
      ...of,
      state: 'success',
    })
    const { data: told } = await octokit.request(
      'GET /repos/{owner}/{repo}/deployments/{deployment_id}/statuses',
      of,
    )
    expect(told.map(({ state }) => state)).toEqual(['success'])
    const { data: run } = await octokit.request('POST /repos/{owner}/{repo}/check-runs', {
      ...repo,
      name: 'c',
      head_sha: sha,
      conclusion: 'success',
    })
    expect(run.status).toBe('completed')
  })

  it('opens, lists and merges a pull request', async () => {
    const octokit = await asInstallation()
    const { commit: first, tree } = await at.repository.head()
    const { git } = at.repository.record
    const changed = await git.writeTree(tree, [{ path: 'pr', content: 'x' }])
    const { data: made } = await octokit.request('POST /repos/{owner}/{repo}/git/commits', {
      ...repo,
      message: 'm',
      tree: changed,
      parents: [first],
    })
    const ref = 'refs/heads/magos/app'
    await octokit.request('POST /repos/{owner}/{repo}/git/refs', { ...repo, ref, sha: made.sha })
    const pull = { ...repo, title: 't', head: 'magos/app', base: 'main' }
    const create = () => octokit.request('POST /repos/{owner}/{repo}/pulls', pull)
    const { data: opened } = await create()
    expect(await refused(create())).toContain('A pull request already exists for acme:magos/app.')
    const { data: listed } = await octokit.request('GET /repos/{owner}/{repo}/pulls', {
      ...repo,
      head: 'acme:magos/app',
    })
    expect(listed.map(({ number }) => number)).toEqual([opened.number])
    const merge = { ...repo, pull_number: opened.number }
    await octokit.request('PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge', merge)
    expect(await at.repository.read('pr')).toBe('x')
    expect(await refused(create())).toContain('No commits between main and magos/app')
  })

  it('shows files, commits, branches and itself', async () => {
    const octokit = await asInstallation()
    const { data: file } = await octokit.request('GET /repos/{owner}/{repo}/contents/{path}', {
      ...repo,
      path: 'app/compose.yaml',
    })
    if (Array.isArray(file) || file.type !== 'file') throw new Error('It is no file')
    expect(Buffer.from(file.content, 'base64').toString()).toBe('image: a\n')
    const { data: commits } = await octokit.request('GET /repos/{owner}/{repo}/commits', repo)
    expect(commits.map(({ commit }) => commit.message)).toEqual(['first\n'])
    const branch = { ...repo, branch: 'main' }
    await octokit.request('GET /repos/{owner}/{repo}/branches/{branch}', branch)
    at.repository.protect({ branch: 'main', type: 'pull_request', bypass: [] })
    const { data: rules } = await octokit.request(
      'GET /repos/{owner}/{repo}/rules/branches/{branch}',
      branch,
    )
    expect(rules.map(({ type }) => type)).toEqual(['pull_request'])
    await octokit.request('GET /meta')
    await octokit.request('GET /rate_limit')
  })
})

describe('startGitHub(): git over HTTP', () => {
  it('serves clones and pushes to tokens, and tells Apps of the push', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'magos-clone-'))
    const env = {
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_TERMINAL_PROMPT: '0',
    }
    const git = (...args: string[]) =>
      execa('git', ['-C', directory, ...args], { env, reject: false })
    try {
      const url = new URL(`${at.lab.url}/acme/homelab.git`)
      expect((await git('clone', url.href, 'none')).exitCode).toBe(128)
      url.username = 'x-access-token'
      url.password = await at.github.token(signal())
      expect(await git('clone', url.href, 'work')).toMatchObject({ exitCode: 0 })
      await writeFile(join(directory, 'work', 'new'), 'x')
      await git('-C', 'work', 'add', 'new')
      const identity = ['-c', 'user.name=n', '-c', 'user.email=n@example.org']
      await git('-C', 'work', ...identity, 'commit', '-m', 'by git')
      expect(await git('-C', 'work', 'push', 'origin', 'main')).toMatchObject({ exitCode: 0 })
      expect(await at.repository.read('new')).toBe('x')
      expect(await settle()).toEqual(['push'])
      expect(JSON.parse(received[0]?.body ?? '')).toMatchObject({
        ref: 'refs/heads/main',
        after: (await at.repository.head()).commit,
        sender: { login: 'magos-lab[bot]' },
        commits: [{ message: 'by git\n', added: ['new'], modified: [], removed: [] }],
      })
      at.lab.grant(at.installation, { metadata: 'read', contents: 'read' })
      await git('-C', 'work', ...identity, 'commit', '--allow-empty', '-m', 'again')
      expect((await git('-C', 'work', 'push', 'origin', 'main')).stderr).toContain('403')
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  })
})

describe('startGitHub(): webhooks', () => {
  it('signs as GitHub documents it', async () => {
    expect(signature("It's a Secret to Everybody", 'Hello, World!')).toBe(
      'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
    )
    at.lab.ping(at.app)
    await at.repository.commit([{ path: 'x', content: 'x' }])
    expect((await settle()).toSorted()).toEqual(['ping', 'push'])
    const webhooks = new Webhooks({ secret })
    for (const { body, signature: sent } of received) {
      expect(await webhooks.verify(body, sent)).toBe(true)
    }
  })

  it('tells of packages manifest by manifest, the index last', async () => {
    const child = { digest: `sha256:${'b'.repeat(64)}`, os: 'linux', architecture: 'amd64' }
    const published = { repository: at.repository, name: 'api', tag: '1.0.0', digest }
    await at.lab.publishPackage({ ...published, platforms: [child], registry: '127.0.0.1:5000' })
    await settle()
    const urls = received.map(({ body }): string => {
      const { registry_package: told } = JSON.parse(body)
      return told.package_version.package_url
    })
    expect(urls.toSorted()).toEqual(['127.0.0.1:5000/acme/api:', '127.0.0.1:5000/acme/api:1.0.0'])
    await at.lab.publishPackage({ ...published, event: 'package', action: 'updated' })
    expect((await settle()).at(-1)).toBe('package')
  })

  it('delivers again with the same id, and with the secret of now', async () => {
    at.lab.ping(at.app)
    await settle()
    const app = asApp()
    await app.request('PATCH /app/hook/config', { secret: 'another' })
    const { data: deliveries } = await app.request('GET /app/hook/deliveries', { per_page: 1 })
    const [delivery] = deliveries
    if (delivery === undefined) throw new Error('Nothing was delivered')
    const path = { delivery_id: Number(delivery.id) }
    await app.request('GET /app/hook/deliveries/{delivery_id}', path)
    await app.request('POST /app/hook/deliveries/{delivery_id}/attempts', path)
    await settle()
    const [first, second] = received
    expect(second?.guid).toBe(first?.guid)
    expect(second?.body).toBe(first?.body)
    expect(second?.signature).toBe(signature('another', second?.body ?? ''))
    expect(at.lab.deliveries.log.slice(-2).map(({ redelivery }) => redelivery)).toEqual([
      'first',
      'again',
    ])
  })

  it('drops, doubles, delays and reorders as it is told', async () => {
    const { deliveries } = at.lab
    deliveries.plan({ event: 'ping', do: 'drop' })
    at.lab.ping(at.app)
    expect(await settle()).toEqual([])
    deliveries.plan({ do: 'duplicate' })
    at.lab.ping(at.app)
    expect(await settle()).toEqual(['ping', 'ping'])
    expect(received[0]?.guid).toBe(received[1]?.guid)
    received.length = 0
    deliveries.plan({ event: 'push', do: 'hold' }, { event: 'ping', do: 'hold' })
    await at.repository.commit([{ path: 'x', content: 'x' }])
    at.lab.ping(at.app)
    expect(await settle()).toEqual([])
    await deliveries.release('reversed')
    expect(received.map(({ event }) => event)).toEqual(['ping', 'push'])
    received.length = 0
    deliveries.plan({ event: 'ping', do: { delay: 100 } })
    at.lab.ping(at.app)
    at.lab.grant(at.installation, at.installation.permissions)
    expect(await settle()).toEqual(['installation', 'ping'])
  })

  it('writes down that nobody answered', async () => {
    at.app.hook = { url: 'http://127.0.0.1:1/', secret }
    at.lab.ping(at.app)
    await settle()
    const { data } = await asApp().request('GET /app/hook/deliveries', { status: 'failure' })
    expect(data.map(({ status }) => status)).toEqual(['failed to connect to host'])
  })
})

describe('startGitHub(): GitHub’s own description', () => {
  it.each([
    ['a path that is not served', 'GET', '/repos/acme/homelab/branches', undefined],
    ['an unknown query parameter', 'GET', '/meta?x=1', undefined],
    ['an unknown field', 'POST', '/repos/acme/homelab/git/blobs', { content: 'x', contnet: 'y' }],
    ['a wrong type', 'POST', '/repos/acme/homelab/git/refs', { ref: 'refs/heads/x', sha: 1 }],
    ['a missing field', 'POST', '/repos/acme/homelab/git/trees', {}],
    ['a wrong parameter', 'GET', '/repos/acme/homelab/pulls?state=weird', undefined],
  ])('answers 500 to %s and writes it down', async (_title, method, path, body) => {
    const response = await fetch(`${at.lab.url}${path}`, {
      method,
      headers: { authorization: `token ${at.lab.state.personToken}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    expect(response.status).toBe(500)
    expect(await response.text()).toContain('Outside GitHub')
    expect(at.lab.violations).toHaveLength(1)
    at.lab.forgive()
  })

  it('holds answers and webhooks against it, too', () => {
    const { description } = parts
    expect(
      description.answer('POST /repos/{owner}/{repo}/git/trees', 201, { sha: 'x' }),
    ).not.toEqual([])
    expect(description.answer('POST /repos/{owner}/{repo}/git/trees', 418, {})).not.toEqual([])
    expect(
      description.answer('POST /repos/{owner}/{repo}/git/trees', 401, { message: 'x' }),
    ).toEqual([])
    expect(
      description.answer('DELETE /repos/{owner}/{repo}/git/refs/{ref}', 204, undefined),
    ).toEqual([])
    expect(description.webhook('push', {}, {})).not.toEqual([])
    const matched = description.match('GET', '/repos/a/b/git/ref/heads%2Fx%2Fy')
    expect(matched?.parameters).toEqual({ owner: 'a', repo: 'b', ref: 'heads/x/y' })
    if (matched === null) throw new Error('It matched nothing')
    const sent = { ...matched, query: new URLSearchParams(), body: undefined }
    expect(description.request(sent)).toEqual([])
  })

  it('serves every operation that is described', () => {
    for (const operation of operations) {
      const [method = '', path = ''] = operation.split(' ')
      const concrete = path.replaceAll(/\{\w+\}/gu, '1')
      expect(parts.description.match(method, concrete)?.operation).toBe(operation)
    }
  })

  it('fails a call as often as it is told', async () => {
    const octokit = new Octokit({ baseUrl: at.lab.url })
    const fault = failing(503, 'Service Unavailable', { headers: { 'retry-after': '1' } })
    at.lab.faults.add({ method: 'GET', path: '/meta', fault, times: 2, skip: 1 })
    const answers = []
    for (let index = 0; index < 4; index++)
      answers.push(await refused(octokit.request('GET /meta')))
    expect(answers).toEqual(['done', 'Service Unavailable', 'Service Unavailable', 'done'])
  })
})
