import { expect, it } from 'vitest'
import {
  type AuthFile,
  findLogin,
  parseAuthFile,
} from '../../../src/adapters/registry/auth-file.ts'

const encode = (login: string) => Buffer.from(login).toString('base64')

function file(document: unknown): AuthFile {
  const parsed = parseAuthFile(JSON.stringify(document))
  if ('reason' in parsed) throw new Error(parsed.reason)
  return parsed
}

function find(document: unknown, registry: string, repository: string) {
  return findLogin(file(document), { registry, repository })
}

const alice = { outcome: 'login', credential: { username: 'alice', password: 'a:b' } }

const keys: readonly (readonly [string, string])[] = [
  ['ghcr.io', 'ghcr.io'],
  ['https://ghcr.io', 'ghcr.io'],
  ['https://ghcr.io/', 'ghcr.io'],
  ['https://ghcr.io/v2/', 'ghcr.io'],
  ['GHCR.io', 'ghcr.io'],
  ['ghcr.io/v1/', 'ghcr.io'],
  ['ghcr.io/team', 'ghcr.io'],
  ['ghcr.io/team/app', 'ghcr.io'],
  ['http://nas.home:5000', 'nas.home:5000'],
  ['https://index.docker.io/v1/', 'docker.io'],
  ['docker.io', 'docker.io'],
  ['registry-1.docker.io', 'docker.io'],
  ['docker.io/team', 'docker.io'],
]

for (const [key, registry] of keys) {
  it(`findLogin() reads the key ${key} for ${registry}/team/app`, () => {
    const document = { auths: { [key]: { auth: encode('alice:a:b') } } }
    expect(find(document, registry, 'team/app')).toEqual(alice)
  })
}

const strangers: readonly (readonly [string, string, string])[] = [
  ['ghcr.io', 'ghcr.io.evil.example', 'team/app'],
  ['ghcr.io', 'evil-ghcr.io', 'team/app'],
  ['ghcr.io/team', 'ghcr.io', 'teammate/app'],
  ['ghcr.io/team/app', 'ghcr.io', 'team/app2'],
  ['ghcr.io/team/app', 'ghcr.io', 'team'],
  ['nas.home', 'nas.home:5000', 'team/app'],
  ['nas.home:5000', 'nas.home:5001', 'team/app'],
]

for (const [key, registry, repository] of strangers) {
  it(`findLogin() keeps the login of ${key} from ${registry}/${repository}`, () => {
    const document = { auths: { [key]: { auth: encode('alice:a:b') } } }
    expect(find(document, registry, repository)).toEqual({ outcome: 'none' })
  })
}

it('findLogin() takes the longest path first, the registry last', () => {
  const auths = Object.fromEntries(
    ['ghcr.io', 'ghcr.io/team', 'ghcr.io/team/app'].map((key) => [
      key,
      { auth: encode(`${key}:secret`) },
    ]),
  )
  const user = (repository: string) => find({ auths }, 'ghcr.io', repository)
  expect(user('team/app')).toMatchObject({ credential: { username: 'ghcr.io/team/app' } })
  expect(user('team/web')).toMatchObject({ credential: { username: 'ghcr.io/team' } })
  expect(user('other/web')).toMatchObject({ credential: { username: 'ghcr.io' } })
})

it('findLogin() reads identity tokens, plain fields and padded passwords', () => {
  const auths = {
    'a.example': { auth: encode('x:y'), identitytoken: 'refresh' },
    'b.example': { username: 'bob', password: 'secret' },
    'c.example': { auth: encode('carol:secret\0\0') },
  }
  const login = (registry: string) => find({ auths }, registry, 'app')
  expect(login('a.example')).toMatchObject({
    credential: { username: '<token>', password: 'refresh' },
  })
  expect(login('b.example')).toMatchObject({ credential: { username: 'bob', password: 'secret' } })
  expect(login('c.example')).toMatchObject({ credential: { password: 'secret' } })
})

it('findLogin() names the helper that keeps a login', () => {
  const document = {
    auths: { 'a.example': {}, 'd.example': { auth: encode('dora:secret') } },
    credHelpers: { 'b.example': 'pass', 'd.example': 'pass' },
    credsStore: 'desktop',
  }
  expect(find(document, 'a.example', 'app')).toEqual({ outcome: 'helper', helper: 'desktop' })
  expect(find(document, 'b.example', 'app')).toEqual({ outcome: 'helper', helper: 'pass' })
  expect(find(document, 'c.example', 'app')).toEqual({ outcome: 'none' })
  expect(find(document, 'd.example', 'app')).toMatchObject({ outcome: 'login' })
})

it('parseAuthFile() lets one bad entry spoil no other', () => {
  const auths = {
    'bad1.example': 7,
    'bad2.example': { auth: 'bm8tY29sb24=' },
    'bad3.example': { auth: encode(':nobody') },
    'good.example': { auth: encode('alice:a:b') },
  }
  expect(find({ auths }, 'good.example', 'app')).toEqual(alice)
  for (const bad of ['bad1.example', 'bad2.example', 'bad3.example']) {
    expect(find({ auths }, bad, 'app')).toEqual({ outcome: 'none' })
  }
})

for (const text of [
  '',
  '{"auths": {"ghcr.io": {"auth": "c2VjcmV0"',
  '[]',
  '"c2VjcmV0"',
  '{"auths": "c2VjcmV0"}',
]) {
  it(`parseAuthFile() refuses ${JSON.stringify(text)} without quoting it`, () => {
    const parsed = parseAuthFile(text)
    expect(parsed).toEqual({ reason: expect.any(String) })
    expect(JSON.stringify(parsed)).not.toContain('c2VjcmV0')
  })
}
