import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { Ajv } from 'ajv'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'

import { readDaemonYaml } from '../../src/config/daemon-yaml.ts'
import type { ConfigProblem } from '../../src/config/problem.ts'
import { readAnnotation } from '../../src/domain/annotation.ts'
import { parseQuarantine } from '../../src/domain/quarantine/parse.ts'
import { parseRepositorySettings } from '../../src/domain/repository-settings.ts'
import { labAuthority } from '../lab/registry/tls.ts'

const CONFIGS = join(import.meta.dirname, '../../configs')
const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`

describe('magos.schema.json and readDaemonYaml()', () => {
  const validate = compile('magos.schema.json')

  const good: readonly unknown[] = [
    {},
    { settle: '0s', deadline: '1.5h', debounce: '5s', bodyLimit: '25MB' },
    { bodyLimit: 1024 },
    { bodyLimit: '2048' },
    { bodyLimit: '1.5 MiB' },
    { registries: null, allowPaths: null, stacks: null, guards: null },
    { guards: {} },
    { guards: { minAge: '3d', platforms: ['linux/arm/v7'], window: '* 2-4 * * 6' } },
    { guards: { window: { days: ['sat', 'sun'], hours: '22:00-04:00', timeZone: 'Asia/Tokyo' } } },
    { registries: { 'ghcr.io': {}, 'registry.lan:5000': { plainHttp: true } } },
    { registries: { '[fd00::1]:5000': { username: 'u', passwordFile: 'token' } } },
    { registries: { 'r.lan:5000/team/app': { username: 'u', passwordFile: 'token' } } },
    { registries: { 'git.lan': { ca: 'ca.pem', tokenServers: ['auth.lan', 'auth.lan:8443'] } } },
    { registries: { 'docker.io': { mirrors: ['mirror.lan:5000', 'harbor.lan/hub/proxy'] } } },
    { allowPaths: ['/srv/shared', '~', '~/x'] },
    { allowHooks: null },
    { allowHooks: ['shop', 'a-b_c'] },
    { stacks: { web: { directory: '/srv/web' }, 'a-b_c': { directory: '~/s' } } },
    { stacks: { web: {} } },
    { revert: 'images' },
    { stacks: { web: { directory: 'adopt' } } },
    { drift: 'report', sweep: '30s', stacks: { web: { drift: 'heal' } } },
  ]
  const bad: readonly unknown[] = [
    [],
    'settle',
    7,
    { setle: '10s' },
    { settle: 10 },
    { settle: '10' },
    { settle: '10 s' },
    { settle: '1d' },
    { settle: null },
    { deadline: '-5m' },
    { bodyLimit: 1 },
    { bodyLimit: 1e9 },
    { bodyLimit: '5 GB' },
    { bodyLimit: true },
    { registries: [] },
    { registries: { 'https://ghcr.io': {} } },
    { registries: { 'ghcr.io/o': {} } },
    { registries: { 'ghcr.io/o': { username: 'u' } } },
    { registries: { 'ghcr.io/o': { username: 'u', passwordFile: 'token', plainHttp: true } } },
    { registries: { 'ghcr.io/o': { username: 'u', passwordFile: 'token', mirrors: ['m.lan'] } } },
    { registries: { 'ghcr.io/o/': { username: 'u', passwordFile: 'token' } } },
    { registries: { 'ghcr.io/o:1': { username: 'u', passwordFile: 'token' } } },
    { registries: { 'ghcr.io/O': { username: 'u', passwordFile: 'token' } } },
    { registries: { '/o': { username: 'u', passwordFile: 'token' } } },
    { registries: { GHCR: {} } },
    { registries: { 'ghcr.io': null } },
    { registries: { 'ghcr.io': { plainHttp: 'yes' } } },
    { registries: { 'ghcr.io': { password: 'hunter22' } } },
    { registries: { 'ghcr.io': { ca: '' } } },
    { registries: { 'ghcr.io': { mirrors: 'mirror.lan' } } },
    { registries: { 'ghcr.io': { mirrors: ['https://mirror.lan'] } } },
    { registries: { 'ghcr.io': { mirrors: ['mirror.lan/../x'] } } },
    { registries: { 'ghcr.io': { mirrors: ['mirror.lan/'] } } },
    { registries: { 'ghcr.io': { tokenServers: ['auth.lan/token'] } } },
    { registries: { 'ghcr.io': { username: 'u' } } },
    { registries: { 'ghcr.io': { passwordFile: 'token' } } },
    { registries: { 'ghcr.io': { username: '', passwordFile: '' } } },
    { allowPaths: '/srv' },
    { allowHooks: 'shop' },
    { allowHooks: ['Shop'] },
    { allowHooks: true },
    { allowPaths: ['srv'] },
    { allowPaths: ['~you/x'] },
    { allowPaths: [7] },
    { guards: { minage: '3d' } },
    { guards: { minAge: 3 } },
    { guards: { platforms: 'linux/arm64' } },
    { guards: { platforms: [] } },
    { guards: { window: 'nights' } },
    { guards: { window: { cron: '* 2 * * *', hours: '02:00-03:00' } } },
    { drift: 'ignore' },
    { revert: 'everything' },
    { keep: 0 },
    { parallel: 0 },
    { parallel: 33 },
    { parallel: '4' },
    { keep: 1.5 },
    { keep: '1' },
    { stacks: { web: { drift: true } } },
    { stacks: ['web'] },
    { stacks: { web: '/srv/web' } },
    { stacks: { web: { directory: 'here' } } },
    { stacks: { Web: { directory: '/srv/web' } } },
    { stacks: { web: { directory: '/srv/web', host: 'a' } } },
  ]

  test.each(good)('both accept %j', (value) => {
    expect({ schema: validate(value), parser: problems(value) }).toEqual({
      schema: true,
      parser: [],
    })
  })

  test.each(bad)('both refuse %j', (value) => {
    expect(validate(value)).toBe(false)
    expect(problems(value)).not.toEqual([])
  })

  test('both know the same keys and the same defaults', () => {
    const { properties } = readSchema('magos.schema.json')
    const settings = readDaemonYaml(null)
    expect(Object.keys(properties).toSorted()).toEqual(Object.keys(settings).toSorted())

    const defaults = Object.entries(properties).flatMap(([key, { default: value }]) =>
      value === undefined ? [] : [[key, value] as const],
    )
    expect(defaults.length).toBe(9)
    expect(read(Object.fromEntries(defaults)).settings).toEqual(settings)
  })
})

describe('annotation.schema.json and readAnnotation()', () => {
  const validate = compile('annotation.schema.json')

  const good: readonly object[] = [
    { policy: 'semver' },
    { policy: 'semver', repo: 'ghcr.io/o/app', range: '>=1.2.0 <2.0.0', prerelease: true },
    { policy: 'semver', include: '^v', exclude: 'rc', extract: '(?<version>.*)-x', maxJump: 0 },
    { policy: 'semver', extract: '(?P<version>.*)-x', missing: 'proceed' },
    { policy: 'calver', include: '^20', missing: 'proceed', minAge: '36h' },
    { policy: 'numeric', ignore: ['1.2.3.4', { tag: '1.2.3.5', until: '2026-03-31' }] },
    { policy: 'semver', ignore: [{ range: '>=1.4 <1.6' }, { tag: '2.0.0', until: null }] },
    { policy: 'semver', minAge: '1.5d', platforms: ['linux/amd64', 'linux/arm/v7'] },
    { policy: 'semver', window: '* 2-4 * * 6,0' },
    { policy: 'latest', window: { cron: '* 2 * * *', timeZone: 'Europe/Berlin' } },
    { policy: 'latest', window: { days: 'mon-fri', hours: '22:00-04:30' } },
    { policy: 'latest', window: { days: ['sat', 'sun'] } },
    { policy: 'latest' },
    { policy: 'latest', tag: 'stable', repo: 'ghcr.io/o/app' },
    { policy: 'digest' },
    { policy: 'digest', digest: DIGEST },
    { policy: 'digest', mode: 'pr' },
    { policy: 'semver', mode: 'commit', group: 'Media 2.x' },
  ]
  const bad: readonly unknown[] = [
    {},
    [],
    'semver',
    { range: '*' },
    { policy: 'newest' },
    { policy: 'semver', mode: 'pull' },
    { policy: 'semver', group: '' },
    { policy: 'semver', group: '-x' },
    { policy: 'semver', group: 'a\nb' },
    { policy: 'semver', group: 7 },
    { policy: 'semver', tag: 'stable' },
    { policy: 'latest', range: '*' },
    { policy: 'latest', tag: '-x' },
    { policy: 'latest', tag: 7 },
    { policy: 'digest', digest: DIGEST.toUpperCase() },
    { policy: 'digest', digest: 'sha256:abc' },
    { policy: 'semver', range: 1 },
    { policy: 'semver', include: ['a'] },
    { policy: 'semver', extract: '(.*)' },
    { policy: 'semver', prerelease: 'true' },
    { policy: 'semver', maxJump: -1 },
    { policy: 'semver', maxJump: 1.5 },
    { policy: 'semver', maxJump: 2 ** 60 },
    { policy: 'semver', missing: 'ignore' },
    { policy: 'semver', repo: 7 },
    { policy: 'semver', repo: `ghcr.io/o/app@${DIGEST}` },
    { policy: 'semver', ranges: '*' },
    { policy: 'calver', range: '*' },
    { policy: 'numeric', maxJump: 2 },
    { policy: 'numeric', ignore: [{ range: '^1' }] },
    { policy: 'digest', minAge: '3d' },
    { policy: 'latest', ignore: ['1.2.3'] },
    { policy: 'semver', ignore: '1.2.3' },
    { policy: 'semver', ignore: [7] },
    { policy: 'semver', ignore: ['-x'] },
    { policy: 'semver', ignore: [{ tag: '1', range: '^1' }] },
    { policy: 'semver', ignore: [{ until: '2026-03-31' }] },
    { policy: 'semver', ignore: [{ tag: '1', until: 'soon' }] },
    { policy: 'semver', ignore: [{ tag: '1', reason: 'broken' }] },
    { policy: 'semver', minAge: 3 },
    { policy: 'semver', minAge: '3 days' },
    { policy: 'semver', platforms: [] },
    { policy: 'semver', platforms: ['arm64'] },
    { policy: 'semver', window: 'nights' },
    { policy: 'semver', window: {} },
    { policy: 'semver', window: { timeZone: 'UTC' } },
    { policy: 'semver', window: { hours: '2-5' } },
    { policy: 'semver', window: { hours: '02:00-03:00', day: 'mon' } },
  ]

  test.each(good)('both accept %j', (magos) => {
    expect(validate({ magos })).toBe(true)
    expect(defects({ magos })).toEqual([])
  })

  test.each(bad)('both refuse %j', (magos) => {
    expect(validate({ magos })).toBe(false)
    expect(defects({ magos })).not.toEqual([])
  })

  test('both refuse a key beside "magos"', () => {
    const value = { magos: { policy: 'semver' }, other: 1 }
    expect(validate(value)).toBe(false)
    expect(defects(value)).not.toEqual([])
  })
})

describe('quarantine.schema.json and parseQuarantine()', () => {
  const validate = compile('quarantine.schema.json')
  const image = 'ghcr.io/o/app'

  test.each([
    [[]],
    [null],
    [[{ image, digest: DIGEST }]],
    [[{ image: 'nginx', tag: '1.27' }]],
    [[{ image, tag: '1', digest: DIGEST, host: 'nas', commit: 'c', reason: 'r', at: 'a' }]],
  ])('both accept %j', (value) => {
    expect(validate(value)).toBe(true)
    expect(parseQuarantine('q.yaml', stringify(value)).problems).toEqual([])
  })

  test.each([
    [{}],
    ['nginx'],
    [['nginx']],
    [[{ image }]],
    [[{ tag: '1' }]],
    [[{ image: `${image}@${DIGEST}`, tag: '1' }]],
    [[{ image, tag: '-x' }]],
    [[{ image, tag: ['1'] }]],
    [[{ image, digest: 'sha256:abc' }]],
    [[{ image, tag: '1', until: 'soon' }]],
  ])('both refuse %j', (value) => {
    expect(validate(value)).toBe(false)
    expect(parseQuarantine('q.yaml', stringify(value)).problems).not.toEqual([])
  })
})

describe('repository.schema.json and parseRepositorySettings()', () => {
  const validate = compile('repository.schema.json')

  const good: readonly unknown[] = [
    null,
    {},
    { defaults: null, stacks: null },
    { defaults: { minAge: '3d' } },
    { stacks: { 'apps/web': {}, '.': { name: 'root', hosts: ['nas', 'pi'] } } },
    { stacks: { live: { directory: './shop/', files: ['compose.yaml', '../base.yaml'] } } },
    { stacks: { a: { profiles: ['metrics', 'x.1'], envFiles: ['prod.env'], project: 'old_a' } } },
    { stacks: { a: { after: ['db', 'proxy'], settle: '30s', deadline: '1.5h' } } },
    { stacks: { a: { probes: { web: { http: 'http://127.0.0.1:80/x?y', status: 401 } } } } },
    { stacks: { a: { probes: { web: { tcp: 5432, deadline: '30s' } } } } },
    { stacks: { a: { probes: { web: { tcp: '[::1]:5432' }, db: { tcp: 'nas.lan:1' } } } } },
    { stacks: { a: { probes: { web: { exec: ['true'], ports: 'ignore' } } } } },
    { stacks: { a: { probes: { web: { ports: 'ignore' } } } } },
    {
      stacks: {
        a: { changes: { web: { './nginx.conf': 'HUP', conf: 'restart', '.': 'ignore' } } },
      },
    },
    { stacks: { a: { changes: { web: { x: 'SIGUSR1' } } } } },
    { defaults: { mode: 'pr', group: 'all' }, pullRequests: null, groups: null },
    { pullRequests: { labels: ['deps', 'a b'], reviewers: ['ann-b'], automerge: true } },
    { groups: { media: { mode: 'pr', labels: [], automerge: false }, other: null } },
    { stacks: { a: { hooks: { before: ['sh', 'backup.sh'], after: ['x'], deadline: '1m' } } } },
  ]
  const bad: readonly unknown[] = [
    [],
    'stacks',
    { stack: {} },
    { pullRequests: { label: ['x'] } },
    { pullRequests: { labels: 'x' } },
    { pullRequests: { labels: ['a,b'] } },
    { pullRequests: { labels: [' '] } },
    { pullRequests: { reviewers: ['a b'] } },
    { pullRequests: { automerge: 'yes' } },
    { pullRequests: [] },
    { groups: { media: { mode: 'pull' } } },
    { groups: { media: 'pr' } },
    { stacks: [] },
    { stacks: { a: null } },
    { stacks: { a: { host: ['nas'] } } },
    { stacks: { a: { name: 'My App' } } },
    { stacks: { a: { directory: '/srv' } } },
    { stacks: { a: { directory: '../x' } } },
    { stacks: { a: { directory: '' } } },
    { stacks: { a: { hosts: [] } } },
    { stacks: { a: { hosts: 'nas' } } },
    { stacks: { a: { files: 'compose.yaml' } } },
    { stacks: { a: { files: [] } } },
    { stacks: { a: { files: ['/etc/compose.yaml'] } } },
    { stacks: { a: { profiles: ['a b'] } } },
    { stacks: { a: { envFiles: [7] } } },
    { stacks: { a: { project: 'Old' } } },
    { stacks: { a: { after: 'db' } } },
    { stacks: { a: { after: ['apps/db'] } } },
    { stacks: { a: { settle: 30 } } },
    { stacks: { a: { deadline: '5 minutes' } } },
    { stacks: { a: { probes: { web: {} } } } },
    { stacks: { a: { probes: { web: 'http://x' } } } },
    { stacks: { a: { probes: { web: { http: 'ftp://x' } } } } },
    { stacks: { a: { probes: { web: { http: 'http://u:p@x/' } } } } },
    { stacks: { a: { probes: { web: { http: 'http://x', tcp: 80 } } } } },
    { stacks: { a: { probes: { web: { http: 'http://x', status: 'ok' } } } } },
    { stacks: { a: { probes: { web: { tcp: 80, status: 200 } } } } },
    { stacks: { a: { probes: { web: { tcp: 0 } } } } },
    { stacks: { a: { probes: { web: { tcp: 'here' } } } } },
    { stacks: { a: { probes: { web: { exec: 'pg_isready' } } } } },
    { stacks: { a: { probes: { web: { ports: 'connect' } } } } },
    { stacks: { a: { probes: { web: { tcp: 80, ports: 'no' } } } } },
    { stacks: { a: { changes: { web: 'restart' } } } },
    { stacks: { a: { changes: { web: { x: 'reload' } } } } },
    { stacks: { a: { changes: { web: { x: 'KILL' } } } } },
    { stacks: { a: { changes: { web: { '../x': 'restart' } } } } },
    { stacks: { a: { changes: { web: { '/etc/x': 'restart' } } } } },
    { stacks: { a: { hooks: { before: 'sh backup.sh' } } } },
    { stacks: { a: { hooks: { around: ['x'] } } } },
    { stacks: { a: { hooks: { before: ['x'], deadline: '9' } } } },
  ]

  test.each(good)('both accept %j', (value) => {
    expect({ schema: validate(value), parser: settingsProblems(value) }).toEqual({
      schema: true,
      parser: [],
    })
  })

  test.each(bad)('both refuse %j', (value) => {
    expect(validate(value)).toBe(false)
    const [problem] = settingsProblems(value)
    expect(problem?.remedy).toBeTruthy()
    expect(problem).toMatchObject({ file: '.magos.yaml', severity: 'error' })
  })

  test('both know the same keys', () => {
    const known = Object.keys(readSchema('repository.schema.json').properties)
    expect(known.toSorted()).toEqual(['defaults', 'groups', 'pullRequests', 'stacks'])
    const [problem] = settingsProblems({ stacks: { a: { nothing: 1 } } })
    const keys = /Write one of (.*)/.exec(problem?.remedy ?? '')?.[1]?.split(', ') ?? []
    const { definitions } = readSchema('repository.schema.json')
    expect(keys.toSorted()).toEqual(
      Object.keys(definitions?.['stack']?.properties ?? {}).toSorted(),
    )
  })
})

function settingsProblems(value: unknown) {
  return parseRepositorySettings('.magos.yaml', stringify(value)).problems
}

function problems(value: unknown): readonly ConfigProblem[] {
  return read(value).found
}

function read(value: unknown) {
  const found: ConfigProblem[] = []
  const settings = readDaemonYaml({
    file: '/etc/magos.yaml',
    text: stringify(value),
    homeDirectory: '/home/u',
    readFile: (path) => (path.endsWith('.pem') ? labAuthority : 'password'),
    problems: found,
  })
  return { settings, found }
}

function defects(value: unknown) {
  return readAnnotation(`# ${JSON.stringify(value)}`, null, {})?.defects
}

interface Schema {
  readonly properties: Readonly<Record<string, { readonly default?: unknown }>>
  readonly definitions?: Readonly<Record<string, Pick<Schema, 'properties'>>>
}

function readSchema(name: string): Schema {
  const schema: Schema = JSON.parse(readFileSync(join(CONFIGS, name), 'utf8'))
  return schema
}

function compile(name: string) {
  return new Ajv({ strict: true, allowUnionTypes: true, strictRequired: false }).compile(
    readSchema(name),
  )
}
