import { describe, expect, test } from 'vitest'
import { desiredState, type ComposeDocument } from '../../../src/domain/deploy/desired-state.ts'

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
  { path: '/srv/shop/conf/app.ini', mode: '100644', oid: '1' },
  { path: '/srv/shop/motd.txt', mode: '100644', oid: '2' },
  { path: '/srv/shop/README.md', mode: '100644', oid: '3' },
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
    const more = [...files, { path: '/srv/shop/database/x', mode: '100644', oid: '9' }]
    expect(changed(base, more)).toEqual([])
  })

  test('does not take a sibling with a longer name for a mounted directory', () => {
    const more = [...files, { path: '/srv/shop/conf-old/x', mode: '100644', oid: '9' }]
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

  test('names the service whose image cannot be read', () => {
    const document = { services: { web: { image: 'ghcr.io/UPPER' } } }
    expect(() => desiredState(stack, document, [])).toThrow(/service "web"/)
  })
})
