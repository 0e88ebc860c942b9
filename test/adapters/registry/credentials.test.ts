import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { CredentialHelpers } from '../../../src/adapters/registry/credential-helper.ts'
import { createCredentials } from '../../../src/adapters/registry/credentials.ts'
import { MagosError } from '../../../src/domain/error.ts'
import type { Log } from '../../../src/ports.ts'
import { silentLog } from './fixtures.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'magos-auth-'))
})
afterEach(async () => {
  await rm(directory, { recursive: true })
})

const settings = 'registries in the configuration'
const app = { registry: 'ghcr.io', repository: 'team/app' }
const helpersWith = (get: CredentialHelpers['get']): CredentialHelpers => ({
  get,
  forget: () => undefined,
})
const noHelpers = helpersWith(() => Promise.reject(new Error('No helper is to be asked')))
const entry = (login: string) => ({ auth: Buffer.from(login).toString('base64') })
const auths = (login: string) => JSON.stringify({ auths: { 'ghcr.io': entry(login) } })

function signal() {
  return AbortSignal.timeout(5000)
}

async function file(name: string, content: string): Promise<string> {
  const path = join(directory, name)
  await writeFile(path, content)
  return path
}

function recordingLog() {
  const lines: string[] = []
  const log: Log = {
    ...silentLog,
    warn: (fields, message) => lines.push(`${JSON.stringify(fields)} ${message}`),
  }
  return { lines, log }
}

it('find() takes the first file that knows the registry, and says which', async () => {
  const other = await file('other.json', JSON.stringify({ auths: { 'quay.io': {} } }))
  const first = await file('first.json', auths('first:secret'))
  const second = await file('second.json', auths('second:secret'))
  const paths = [join(directory, 'absent.json'), other, first, second]
  const credentials = createCredentials({
    paths,
    helpers: noHelpers,
    now: Date.now,
    log: silentLog,
  })
  expect(await credentials.find(app, signal())).toEqual({
    credential: { username: 'first', password: 'secret' },
    source: first,
    kept: 'file',
    reach: 'ghcr.io',
  })
  expect(await credentials.find({ ...app, registry: 'quay.io' }, signal())).toBeNull()
})

it('find() reads a .dockercfg, whose logins stand in it with nothing around', async () => {
  const auth = Buffer.from('old:secret').toString('base64')
  const path = await file('.dockercfg', JSON.stringify({ 'https://ghcr.io/v1/': { auth } }))
  const credentials = createCredentials({
    paths: [path],
    helpers: noHelpers,
    now: Date.now,
    log: silentLog,
  })
  expect(await credentials.find(app, signal())).toMatchObject({ credential: { username: 'old' } })
})

it('find() reads an auth file of a mebibyte, and none larger', async () => {
  const text = auths('one:secret')
  const path = await file('auth.json', text.padEnd(1024 * 1024))
  let now = 0
  const credentials = createCredentials({
    paths: [path],
    helpers: noHelpers,
    now: () => (now += 1000),
    log: silentLog,
  })
  expect(await credentials.find(app, signal())).toMatchObject({ credential: { username: 'one' } })
  await writeFile(path, text.padEnd(1024 * 1024 + 1))
  expect(await credentials.find(app, signal())).toBeNull()
  expect(credentials.consulted()).toEqual([settings, `${path} (it is larger than 1048576 bytes)`])
})

it('find() reads a file again when it changed, appeared or went', async () => {
  let now = 0
  const path = await file('auth.json', auths('one:secret'))
  const credentials = createCredentials({
    paths: [path],
    helpers: noHelpers,
    now: () => now,
    log: silentLog,
  })
  const user = async () => {
    now += 1000
    return (await credentials.find(app, signal()))?.credential.username
  }
  expect(await user()).toBe('one')
  await writeFile(path, auths('two:secret'))
  expect(await user()).toBe('two')
  await writeFile(path, auths('six:secret'))
  await utimes(path, 1, 1)
  expect(await user()).toBe('six')
  await rm(path)
  expect(await user()).toBeUndefined()
  await writeFile(path, auths('ten:secret'))
  expect(await user()).toBe('ten')
})

it('find() passes over broken files, names them once and quotes nothing', async () => {
  const broken = await file('broken.json', '{"auths": {"ghcr.io": {"auth": "cGxhbnRlZA=="')
  const folder = join(directory, 'folder.json')
  await mkdir(folder)
  const good = await file('good.json', auths('good:secret'))
  const { lines, log } = recordingLog()
  const paths = [broken, folder, good]
  const credentials = createCredentials({ paths, helpers: noHelpers, now: Date.now, log })
  expect(await credentials.find(app, signal())).toMatchObject({ source: good })
  expect(await credentials.find(app, signal())).toMatchObject({ source: good })
  expect(lines).toHaveLength(2)
  expect(credentials.consulted()).toEqual([
    settings,
    `${broken} (it is not valid JSON)`,
    `${folder} (it cannot be read (EISDIR))`,
    good,
  ])
  expect(lines.join() + credentials.consulted().join()).not.toContain('cGxhbnRlZA')
})

it('find() asks the helper that an auth file names, before its entry, and says so', async () => {
  const kept = { username: 'kept', password: 'secret' }
  const asked: string[] = []
  const helpers = helpersWith(async (helper, server) => {
    asked.push(`${helper} ${server}`)
    return server === 'ghcr.io' ? kept : null
  })
  const known = entry('entry:secret')
  const path = await file(
    'config.json',
    JSON.stringify({ credsStore: 'pass', auths: { 'ghcr.io': known, 'quay.io': known } }),
  )
  const credentials = createCredentials({ paths: [path], helpers, now: Date.now, log: silentLog })
  const source = 'docker-credential-pass'
  const login = { credential: kept, source, kept: 'helper', reach: 'ghcr.io' }
  expect(await credentials.find(app, signal())).toEqual(login)
  const quay = await credentials.find({ ...app, registry: 'quay.io' }, signal())
  expect(quay).toMatchObject({ credential: { username: 'entry' }, source: path })
  expect(asked).toEqual(['pass ghcr.io', 'pass quay.io'])
})

it('find() warns once of a helper that does not tell, names it, and goes on until it does', async () => {
  let isBroken = true
  const helpers = helpersWith(async () => {
    if (isBroken) throw new MagosError('unauthorized', 'Cannot ask "docker-credential-pass"')
    return null
  })
  const helped = await file('config.json', JSON.stringify({ credHelpers: { 'ghcr.io': 'pass' } }))
  const next = await file('auth.json', auths('next:secret'))
  const { lines, log } = recordingLog()
  const credentials = createCredentials({ paths: [helped, next], helpers, now: Date.now, log })
  expect(await credentials.find(app, signal())).toMatchObject({ source: next })
  expect(await credentials.find(app, signal())).toMatchObject({ source: next })
  expect(lines).toHaveLength(1)
  expect(lines[0]).toMatch(/docker-credential-pass.*going on without that login/)
  expect(credentials.consulted().join()).toContain('docker-credential-pass')
  isBroken = false
  await credentials.find(app, signal())
  expect(credentials.consulted()).toEqual([settings, helped, next])
})

it('find() takes what is configured before every file, but never before the login of a longer path', async () => {
  const kept = { 'ghcr.io': entry('file:secret'), 'ghcr.io/team/app': entry('file-app:secret') }
  const path = await file('auth.json', JSON.stringify({ auths: kept }))
  const credentials = createCredentials({
    configured: {
      'ghcr.io': { username: 'yaml', password: 'secret' },
      'ghcr.io/team': { username: 'yaml-team', password: 'secret' },
      'docker.io/team': { username: 'yaml-hub', password: 'secret' },
    },
    paths: [path],
    helpers: noHelpers,
    now: Date.now,
    log: silentLog,
  })
  const found = async (registry: string, repository: string) => {
    const login = await credentials.find({ registry, repository }, signal())
    return login && `${login.credential.username} of ${login.reach} in the ${login.kept}`
  }
  expect(await found('ghcr.io', 'team/app')).toBe('file-app of ghcr.io/team/app in the file')
  expect(await found('ghcr.io', 'team/web')).toBe('yaml-team of ghcr.io/team in the configuration')
  expect(await found('ghcr.io', 'other/app')).toBe('yaml of ghcr.io in the configuration')
  expect(await found('docker.io', 'team/app')).toBe(
    'yaml-hub of docker.io/team in the configuration',
  )
  expect(await found('docker.io', 'teammate/app')).toBeNull()
})

it('find() rejects with the reason of its signal', async () => {
  const path = await file('auth.json', auths('one:secret'))
  const credentials = createCredentials({
    paths: [path],
    helpers: noHelpers,
    now: Date.now,
    log: silentLog,
  })
  const reason = new Error('enough')
  await expect(credentials.find(app, AbortSignal.abort(reason))).rejects.toBe(reason)
})
