import { describe, expect, test } from 'vitest'
import { desiredState, type ComposeDocument } from '../../../src/domain/deploy/desired-state.ts'
import type { TrackedFile } from '../../../src/domain/deploy/read-files.ts'
import { dueReloads, reloadReason, reloadText } from '../../../src/domain/deploy/reload.ts'
import type { FileAction, FileChange } from '../../../src/domain/settings/file-changes.ts'

const stack = { name: 'shop', home: '/srv/shop' }
const base = {
  services: {
    web: {
      image: 'ghcr.io/o/app:1',
      environment: { A: '1', B: '2' },
      networks: { front: null },
      volumes: [
        { type: 'bind', source: '/srv/shop/conf', target: '/etc/app' },
        { type: 'bind', source: '/srv/shop/data', target: '/data' },
        { type: 'volume', source: 'state', target: '/state' },
      ],
      configs: [{ source: 'motd' }],
    },
    db: { image: 'ghcr.io/o/db:1', volumes: [{ type: 'volume', source: 'rows', target: '/rows' }] },
  },
  networks: { front: { name: 'shop_front' } },
  volumes: { state: { name: 'shop_state' }, rows: { name: 'shop_rows' } },
  configs: { motd: { file: '/srv/shop/motd.txt' } },
} satisfies ComposeDocument
const files = [
  { path: '/srv/shop/conf/app.ini', mode: '100644', oid: '1', target: null },
  { path: '/srv/shop/motd.txt', mode: '100644', oid: '2', target: null },
  { path: '/srv/shop/README.md', mode: '100644', oid: '3', target: null },
]

function hashes(document: ComposeDocument, tracked = files): Record<string, string> {
  const { services } = desiredState(stack, document, tracked)
  return Object.fromEntries(services.map(({ name, hash }) => [name, hash]))
}

function changed(document: ComposeDocument, tracked = files): string[] {
  const before = hashes(base)
  return Object.entries(hashes(document, tracked))
    .filter(([name, hash]) => before[name] !== hash)
    .map(([name]) => name)
}

describe('desiredState()', () => {
  test('hashes a service alike whatever the order of its keys', () => {
    const { web, db } = base.services
    const turned = { ...web, environment: { B: '2', A: '1' } }
    expect(changed({ ...base, services: { db, web: turned } })).toEqual([])
  })

  test('leaves the image out of the hash', () => {
    const { web, db } = base.services
    expect(
      changed({ ...base, services: { web: { ...web, image: 'ghcr.io/o/app:2' }, db } }),
    ).toEqual([])
  })

  test.each([
    ['a value of its environment', { environment: { A: '1', B: '3' } }],
    ['its volumes', { volumes: [] }],
    ['its restart policy', { restart: 'always' }],
  ])('hashes %s for that service alone', (_title, over) => {
    const { web, db } = base.services
    expect(changed({ ...base, services: { web: { ...web, ...over }, db } })).toEqual(['web'])
  })

  test.each([
    ['a definition it uses', { volumes: { ...base.volumes, rows: { name: 'other' } } }, ['db']],
    ['a definition nobody uses', { networks: { ...base.networks, spare: null } }, []],
    ['the file of a config', { configs: { motd: { file: '/srv/shop/other.txt' } } }, ['web']],
  ])('hashes %s for its users', (_title, over, expected) => {
    expect(changed({ ...base, ...over })).toEqual(expected)
  })

  test.each([
    ['in a mounted directory', '/srv/shop/conf/app.ini', ['web']],
    ['behind a config', '/srv/shop/motd.txt', ['web']],
    ['that nothing reads', '/srv/shop/README.md', []],
  ])('hashes the bytes of a tracked file %s', (_title, path, expected) => {
    const tracked = files.map((file) => (file.path === path ? { ...file, oid: 'new' } : file))
    expect(changed(base, tracked)).toEqual(expected)
  })

  test('never counts an untracked file: there is none in what it is told', () => {
    const more = [
      ...files,
      { path: '/srv/shop/database/x', mode: '100644', oid: '9', target: null },
    ]
    expect(changed(base, more)).toEqual([])
  })

  test('does not take a sibling with a longer name for a mounted directory', () => {
    const more = [
      ...files,
      { path: '/srv/shop/conf-old/x', mode: '100644', oid: '9', target: null },
    ]
    expect(changed(base, more)).toEqual([])
  })

  test('writes its labels beside those of the owner, lists too', () => {
    const labels = ['a=b=c', 'bare']
    const document = { services: { web: { image: 'ghcr.io/o/app:1', labels } } }
    const { services, document: rendered } = desiredState(stack, document, [])
    expect(rendered.services['web']?.['labels']).toEqual({
      a: 'b=c',
      bare: '',
      'magos.stack': 'shop',
      'magos.hash': services[0]?.hash,
      'magos.home': '/srv/shop',
    })
  })

  test.each([
    [undefined, 'always'],
    ['always', 'always'],
    ['daily', 'always'],
    ['missing', 'missing'],
    ['if_not_present', 'missing'],
    ['never', 'never'],
  ])('reads when an image is pulled from its pull_policy: %s', (policy, pull) => {
    const web = { image: 'localhost/mine:1', ...(policy && { pull_policy: policy }) }
    const { services } = desiredState(stack, { services: { web } }, [])
    expect(services[0]?.pull).toBe(pull)
  })

  test('doubles a $ of the home in its label, for Compose reads that once more', () => {
    const document = { services: { web: { image: 'ghcr.io/o/app:1' } } }
    const { document: rendered } = desiredState({ ...stack, home: '/srv/$x' }, document, [])
    expect(rendered.services['web']?.['labels']).toMatchObject({ 'magos.home': '/srv/$$x' })
  })

  test('refuses a service that a provider makes, for nothing of it could be proven', () => {
    const model = { provider: { type: 'model', options: { model: 'x' } } }
    expect(() => desiredState(stack, { services: { model } }, [])).toThrow(
      'Deploy service "model": it is left to a "provider"',
    )
  })

  test('names the service whose image cannot be read', () => {
    const document = { services: { web: { image: 'ghcr.io/UPPER' } } }
    expect(() => desiredState(stack, document, [])).toThrow(/service "web"/)
  })
})

const file = (path: string, oid: string, target: string | null = null) => ({
  path,
  mode: target === null ? '100644' : '120000',
  oid,
  target,
})

const bind = (source: string) => ({ volumes: [{ type: 'bind', source, target: '/x' }] })

const untracked = (oid: string) => ({ untracked: [file('/srv/shop/.env', oid)] })

describe('desiredState() misses no tracked file', () => {
  const hashOf = (
    service: Readonly<Record<string, unknown>>,
    tracked: readonly ReturnType<typeof file>[],
    over: Readonly<Record<string, unknown>> = {},
    own: Partial<Parameters<typeof desiredState>[0]> = {},
  ) => {
    const document = { services: { web: { image: 'ghcr.io/o/app:1', ...service } }, ...over }
    return desiredState({ ...stack, ...own }, document, tracked).services[0]?.hash
  }
  test.each<[string, Readonly<Record<string, unknown>>, Readonly<Record<string, unknown>>]>([
    ['behind a short mount', { volumes: ['/srv/shop/conf/a:/a:ro'] }, {}],
    ['in a folder that ends with a slash', bind('/srv/shop/conf/'), {}],
    [
      'in a volume that binds a directory',
      { volumes: [{ type: 'volume', source: 'conf', target: '/c' }] },
      { volumes: { conf: { driver_opts: { type: 'none', o: 'bind', device: '/srv/shop/conf' } } } },
    ],
    [
      'behind a secret',
      { secrets: [{ source: 's' }] },
      { secrets: { s: { file: '/srv/shop/conf/a' } } },
    ],
    ['of a build context', { build: { context: '/srv/shop/conf' } }, {}],
    ['of a build context by itself', { build: '/srv/shop/conf' }, {}],
    [
      'of another build context',
      { build: { context: '/x', additional_contexts: { more: '/srv/shop/conf' } } },
      {},
    ],
    ['named as env_file', { env_file: ['/srv/shop/conf/a'] }, {}],
    [
      'named as env_file at length',
      { env_file: [{ path: '/srv/shop/conf/a', required: false }] },
      {},
    ],
    ['named as a seccomp profile', { security_opt: ['seccomp:/srv/shop/conf/a'] }, {}],
    ['named as one otherwise', { security_opt: ['label=off', 'seccomp=/srv/shop/conf/a'] }, {}],
  ])('%s', (_title, service, over) => {
    const one = hashOf(service, [file('/srv/shop/conf/a', '1')], over)
    expect(hashOf(service, [file('/srv/shop/conf/a', '2')], over)).not.toBe(one)
    const beside = [file('/srv/shop/conf/a', '1'), file('/srv/shop/confused', '2')]
    expect(hashOf(service, beside, over)).toBe(one)
  })

  test('whose path has a $', () => {
    const service = bind('/srv/shop/$$conf')
    const one = hashOf(service, [file('/srv/shop/$conf/a', '1')])
    expect(hashOf(service, [file('/srv/shop/$conf/a', '2')])).not.toBe(one)
  })

  test.each([
    ['a link', '/srv/shop/current.ini', [file('/srv/shop/current.ini', 'l', '/srv/shop/v2.ini')]],
    ['below a link', '/srv/shop/cur/app.ini', [file('/srv/shop/cur', 'l', '/srv/shop/v2')]],
    ['a link in a folder', '/srv/shop/conf', [file('/srv/shop/conf/x', 'l', '/srv/shop/v2')]],
    [
      'a link to a link',
      '/srv/shop/a',
      [file('/srv/shop/a', 'l', '/srv/shop/b'), file('/srv/shop/b', 'l', '/srv/shop/v2/app.ini')],
    ],
  ])('that %s leads to', (_title, source, links) => {
    const target = links.at(-1)?.target ?? ''
    const end = target.endsWith('.ini') ? target : `${target}/app.ini`
    const one = hashOf(bind(source), [...links, file(end, '1')])
    expect(hashOf(bind(source), [...links, file(end, '2')])).not.toBe(one)
  })

  test('and ends where links lead round', () => {
    const links = [
      file('/srv/shop/a', '1', '/srv/shop/b/c'),
      file('/srv/shop/b', '1', '/srv/shop/a/d'),
    ]
    expect(hashOf(bind('/srv/shop/a'), links)).toMatch(/^[0-9a-f]{64}$/)
  })

  test('and counts none for security options that name no file', () => {
    const service = { security_opt: ['seccomp=unconfined', 'label=/srv/shop/.env'] }
    const none = hashOf(service, [])
    expect(hashOf(service, [file('/srv/shop/.env', '1'), file('/unconfined', '1')])).toBe(none)
  })

  test('and counts an untracked env_file or seccomp profile, but no other untracked file', () => {
    const service = { env_file: '/srv/shop/.env' }
    const one = hashOf(service, [], {}, untracked('1'))
    expect(hashOf(service, [], {}, untracked('2'))).not.toBe(one)
    const profiled = { security_opt: ['seccomp=/srv/shop/.env'] }
    const profile = hashOf(profiled, [], {}, untracked('1'))
    expect(hashOf(profiled, [], {}, untracked('2'))).not.toBe(profile)
    expect(hashOf(bind('/srv/shop/.env'), [], {}, untracked('2'))).toBe(
      hashOf(bind('/srv/shop/.env'), [], {}, untracked('1')),
    )
  })
})

const change = (path: string, action: FileAction) => ({ service: 'web', path, action })

const reason = (action: 'restart' | 'HUP', some: string[]) =>
  reloadReason({ action, digest: '', paths: some, unheard: [] })

describe('desiredState() with files that change while a container runs', () => {
  const tracked = [
    { path: '/srv/shop/conf/app.ini', mode: '100644', oid: '1', target: null },
    { path: '/srv/shop/conf/pages/a.html', mode: '100644', oid: '1', target: null },
    { path: '/srv/shop/motd.txt', mode: '100644', oid: '1', target: null },
  ]
  const web = (changes: readonly FileChange[], present: readonly TrackedFile[] = tracked) => {
    const [service] = desiredState({ ...stack, changes }, base, present).services
    return { hash: service?.hash, reloads: service?.reloads ?? [] }
  }
  const touched = (path: string) =>
    tracked.map((one) => (one.path.endsWith(path) ? { ...one, oid: '2' } : one))

  test.each<[string, FileChange[], string, string, string]>([
    ['recreates by default', [], 'app.ini', 'another', ''],
    [
      'recreates for what another path says',
      [change('conf/other', 'HUP')],
      'app.ini',
      'another',
      '',
    ],
    ['is sent a signal', [change('conf/app.ini', 'HUP')], 'app.ini', 'the same', 'HUP'],
    ['is restarted for a folder', [change('conf', 'restart')], 'a.html', 'the same', 'restart'],
    ['ignores a file', [change('conf/pages', 'ignore')], 'a.html', 'the same', ''],
    [
      'takes the longest path',
      [change('conf', 'restart'), change('conf/pages', 'ignore')],
      'a.html',
      'the same',
      '',
    ],
    [
      'takes the longest path back',
      [change('', 'ignore'), change('conf/pages', 'recreate')],
      'a.html',
      'another',
      '',
    ],
    ['tells of a config too', [change('motd.txt', 'restart')], 'motd.txt', 'the same', 'restart'],
    [
      'is restarted for a file alone',
      [change('motd.txt', 'HUP')],
      'motd.txt',
      'the same',
      'restart',
    ],
    [
      'minds no other service',
      [{ ...change('conf', 'HUP'), service: 'db' }],
      'app.ini',
      'another',
      '',
    ],
  ])('%s', (_title, changes, path, hash, due) => {
    const before = web(changes)
    const after = web(changes, touched(path))
    expect(after.hash === before.hash).toBe(hash === 'the same')
    const told = dueReloads(after.reloads, reloadText(before.reloads))
    expect(told.map(({ action }) => action).join(' ')).toBe(due)
  })

  test('always recreates for a file that an image is built from', () => {
    const document = {
      services: { web: { ...base.services.web, build: { context: '/srv/shop/conf' } } },
    }
    const hash = (present: typeof tracked) =>
      desiredState({ ...stack, changes: [change('conf', 'ignore')] }, document, present).services[0]
        ?.hash
    expect(hash(touched('app.ini'))).not.toBe(hash(tracked))
  })

  test('dueReloads() restarts once, whatever signals are due beside it', () => {
    const { reloads } = web([change('conf', 'HUP'), change('motd.txt', 'restart')])
    expect(reloads.map(({ action }) => action)).toEqual(['HUP', 'restart'])
    expect(dueReloads(reloads, '').map(({ action }) => action)).toEqual(['restart'])
    expect(dueReloads(reloads, reloadText(reloads))).toEqual([])
  })

  test('a signal for a file that is mounted by itself becomes a restart, over symlinks too', () => {
    const { reloads } = web([change('', 'HUP')])
    expect(reloads.map(({ action, paths }) => [action, paths])).toEqual([
      ['HUP', ['conf/app.ini', 'conf/pages/a.html']],
      ['restart', ['motd.txt']],
    ])
    expect(reloads.map(reloadReason).at(-1)).toMatch(
      /^it is restarted, .*: motd\.txt; what is mounted by itself stays as it was to a signal: motd\.txt$/,
    )
    const [motd, ...others] = tracked.toReversed()
    const linked = [
      ...others,
      { path: '/srv/shop/motd.txt', mode: '120000', oid: '2', target: '/srv/shop/texts/motd' },
      { path: '/srv/shop/texts/motd', mode: motd?.mode ?? '', oid: '3', target: null },
    ]
    const [, restart] = web([change('', 'HUP')], linked).reloads
    expect(restart).toMatchObject({ action: 'restart', unheard: ['texts/motd'] })
    const ignored = web([change('motd.txt', 'ignore')])
    expect(ignored.reloads).toEqual([])
  })

  test('reloadReason() names a few of the files', () => {
    const paths = ['a', 'b', 'c', 'd', 'e']
    expect(reason('restart', ['conf/a'])).toBe(
      'it is restarted, because these files changed: conf/a',
    )
    expect(reason('HUP', paths)).toBe(
      'it is sent HUP, because these files changed: a, b, c, 2 more',
    )
  })
})
