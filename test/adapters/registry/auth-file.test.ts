import { expect, it } from 'vitest'
import {
  type AuthFile,
  loginPlaces,
  type LoginSource,
  parseAuthFile,
} from '../../../src/adapters/registry/auth-file.ts'

const encode = (login: string) => Buffer.from(login).toString('base64')
const entry = (name: string) => ({ auth: encode(`${name}:secret`) })

function file(document: unknown): AuthFile {
  const parsed = parseAuthFile(JSON.stringify(document))
  if ('reason' in parsed) throw new Error(parsed.reason)
  return parsed
}

function find(document: unknown, registry: string, repository: string) {
  return loginPlaces([from('auth.json', document)], { registry, repository })
}

function from(source: string, document: unknown): LoginSource {
  return { kept: 'file', source, content: file(document) }
}

const alice = { kind: 'entry', credential: { username: 'alice', password: 'a:b' } }

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
  it(`loginPlaces() reads the key ${key} for ${registry}/team/app`, () => {
    const document = { auths: { [key]: { auth: encode('alice:a:b') } } }
    expect(find(document, registry, 'team/app')).toMatchObject([alice])
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
  it(`loginPlaces() keeps the login of ${key} from ${registry}/${repository}`, () => {
    const document = { auths: { [key]: { auth: encode('alice:a:b') } } }
    expect(find(document, registry, repository)).toEqual([])
  })
}

it('loginPlaces() takes the longest path first, the registry last', () => {
  const auths = Object.fromEntries(
    ['ghcr.io', 'ghcr.io/team', 'ghcr.io/team/app'].map((key) => [
      key,
      { auth: encode(`${key}:secret`) },
    ]),
  )
  const users = (repository: string) =>
    find({ auths }, 'ghcr.io', repository).map((place) =>
      place.kind === 'entry' ? place.credential.username : place.helper,
    )
  expect(users('team/app')).toEqual(['ghcr.io/team/app', 'ghcr.io/team', 'ghcr.io'])
  expect(users('team/web')).toEqual(['ghcr.io/team', 'ghcr.io'])
  expect(users('other/web')).toEqual(['ghcr.io'])
})

it('loginPlaces() takes the longest path wherever it stands, and of equal ones the first source', () => {
  const sources = [
    from('first', {
      credsStore: 'pass',
      auths: { 'ghcr.io': entry('a'), 'ghcr.io/team': entry('b') },
    }),
    from('second', { auths: { 'ghcr.io/team': entry('c'), 'ghcr.io/team/app': entry('d') } }),
    from('third', { credHelpers: { 'ghcr.io': 'ecr-login' }, auths: { 'ghcr.io': entry('e') } }),
  ]
  const places = loginPlaces(sources, { registry: 'ghcr.io', repository: 'team/app' })
  expect(
    places.map((place) => {
      const kept = place.kind === 'entry' ? place.credential.username : place.helper
      return `${place.from.source} ${place.reach} ${kept}`
    }),
  ).toEqual([
    'second ghcr.io/team/app d',
    'first ghcr.io/team b',
    'second ghcr.io/team c',
    'first ghcr.io pass',
    'first ghcr.io a',
    'third ghcr.io ecr-login',
    'third ghcr.io e',
  ])
})

it('loginPlaces() reads identity tokens, plain fields and padded passwords', () => {
  const auths = {
    'a.example': { auth: encode('x:y'), identitytoken: 'refresh' },
    'b.example': { username: 'bob', password: 'secret' },
    'c.example': { auth: encode('carol:secret\0\0') },
  }
  const login = (registry: string) => find({ auths }, registry, 'app')[0]
  expect(login('a.example')).toMatchObject({
    credential: { username: '<token>', password: 'refresh' },
  })
  expect(login('b.example')).toMatchObject({ credential: { username: 'bob', password: 'secret' } })
  expect(login('c.example')).toMatchObject({ credential: { password: 'secret' } })
})

it("loginPlaces() asks a registry's own helper before the one that keeps everything, and entries of paths before both", () => {
  const document = {
    auths: { 'a.example': {}, 'd.example': entry('dora'), 'd.example/team': entry('team') },
    credHelpers: { 'https://b.example': 'pass', 'd.example': 'ecr-login' },
    credsStore: 'desktop',
  }
  const places = (registry: string, repository = 'app') =>
    find(document, registry, repository).map((place) =>
      place.kind === 'entry' ? place.credential.username : `${place.helper} ${place.server}`,
    )
  expect(places('a.example')).toEqual(['desktop a.example'])
  expect(places('b.example')).toEqual(['pass b.example'])
  expect(places('c.example')).toEqual(['desktop c.example'])
  expect(places('d.example', 'team/app')).toEqual(['team', 'ecr-login d.example', 'dora'])
  expect(places('docker.io')).toEqual(['desktop https://index.docker.io/v1/'])
})

it('parseAuthFile() lets one bad entry spoil no other', () => {
  const auths = {
    'bad1.example': 7,
    'bad2.example': { auth: 'bm8tY29sb24=' },
    'bad3.example': { auth: encode(':nobody') },
    'good.example': { auth: encode('alice:a:b') },
  }
  expect(find({ auths }, 'good.example', 'app')).toMatchObject([alice])
  for (const bad of ['bad1.example', 'bad2.example', 'bad3.example']) {
    expect(find({ auths }, bad, 'app')).toEqual([])
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
