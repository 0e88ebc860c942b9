import { describe, expect, test } from 'vitest'
import type { ComposeDocument } from '../../../src/domain/deploy/desired-state.ts'
import type { OpenedFile } from '../../../src/domain/deploy/opened-file.ts'
import { placeSecrets } from '../../../src/domain/deploy/place-secrets.ts'

const key: OpenedFile = opened('key.txt', 'k')
const conf: OpenedFile = opened('conf/deep/app.yaml', 'c')
const all = [key, conf]

type Service = Readonly<Record<string, unknown>>

describe('placeSecrets()', () => {
  test('placeSecrets() leaves a document alone that has no encrypted file', () => {
    const document: ComposeDocument = { services: { web: { volumes: ['/home/key.txt:/k'] } } }
    expect(placeSecrets(document, [])).toEqual({ document, files: [] })
    expect(placed({ volumes: [{ type: 'volume', source: 'data', target: '/d' }] })).toEqual({
      volumes: [{ type: 'volume', source: 'data', target: '/d' }],
    })
  })

  test.each<[string, Service, Service]>([
    [
      'a long bind',
      { volumes: [{ type: 'bind', source: '/home/key.txt', target: '/k', read_only: true }] },
      { volumes: [{ type: 'bind', source: '/mem/k/key.txt', target: '/k', read_only: true }] },
    ],
    ['a short bind', { volumes: ['/home/key.txt:/k:ro'] }, { volumes: ['/mem/k/key.txt:/k:ro'] }],
    ['an env_file', { env_file: '/home/key.txt' }, { env_file: '/mem/k/key.txt' }],
    [
      'a list of them',
      { env_file: ['/x', '/home/key.txt'] },
      { env_file: ['/x', '/mem/k/key.txt'] },
    ],
    [
      'a long env_file',
      { env_file: [{ path: '/home/key.txt', required: false }] },
      { env_file: [{ path: '/mem/k/key.txt', required: false }] },
    ],
    ['a label_file', { label_file: ['/home/key.txt'] }, { label_file: ['/mem/k/key.txt'] }],
    [
      'a seccomp profile',
      { security_opt: ['no-new-privileges:true', 'seccomp:/home/key.txt'] },
      { security_opt: ['no-new-privileges:true', 'seccomp:/mem/k/key.txt'] },
    ],
  ])('placeSecrets() points %s at the plaintext', (_title, service, expected) => {
    expect(placed(service)).toEqual({ ...expected, labels: { 'magos.secrets': 'k' } })
  })

  test('placeSecrets() mounts a file over its ciphertext where its folder is mounted', () => {
    const long = { type: 'bind', source: '/home/conf', target: '/etc/app/', bind: { selinux: 'z' } }
    expect(placed({ volumes: [long, '/home/conf:/b:Z,rw', '/home/other:/o'] })).toEqual({
      labels: { 'magos.secrets': 'c' },
      volumes: [
        long,
        {
          type: 'bind',
          source: '/mem/c/app.yaml',
          target: '/etc/app/deep/app.yaml',
          read_only: true,
          bind: { selinux: 'z' },
        },
        '/home/conf:/b:Z,rw',
        '/mem/c/app.yaml:/b/deep/app.yaml:ro,Z',
        '/home/other:/o',
      ],
    })
  })

  test('placeSecrets() takes no longer name for a file, and no name within a word', () => {
    const service = {
      volumes: ['/home/key.txt.bak:/k', '/home/conf2:/c'],
      labels: { a: '/home/key.txt' },
    }
    expect(placed(service)).toEqual(service)
  })

  test('placeSecrets() points configs and secrets at it, and labels those that take them alone', () => {
    const document: ComposeDocument = {
      services: {
        web: { secrets: ['s'], labels: { own: 'x' } },
        db: { configs: [{ source: 'c', target: '/c' }] },
        idle: { image: 'a' },
      },
      secrets: { s: { file: '/home/key.txt' }, other: { external: true } },
      configs: { c: { file: '/home/conf/deep/app.yaml', name: 'c' } },
    }
    const result = placeSecrets(document, all)
    expect(result.document).toEqual({
      services: {
        web: { secrets: ['s'], labels: { own: 'x', 'magos.secrets': 'k' } },
        db: { configs: [{ source: 'c', target: '/c' }], labels: { 'magos.secrets': 'c' } },
        idle: { image: 'a' },
      },
      secrets: { s: { file: '/mem/k/key.txt' }, other: { external: true } },
      configs: { c: { file: '/mem/c/app.yaml', name: 'c' } },
    })
    expect(result.files.map(({ placed: path }) => path).toSorted()).toEqual([
      '/mem/c/app.yaml',
      '/mem/k/key.txt',
    ])
  })

  test('placeSecrets() knows a path with a $, which a document has twice', () => {
    const dollar = { path: '/home/$x/key', placed: '/mem/$y/key', digest: 'd' }
    const document = { services: { web: { volumes: ['/home/$$x/key:/k'] } } }
    expect(placeSecrets(document, [dollar]).document.services['web']?.['volumes']).toEqual([
      '/mem/$$y/key:/k',
    ])
  })

  test.each<[string, number, Service]>([
    ['nobody else by default', 0o600, {}],
    ['nobody else for root', 0o600, { user: 'root' }],
    ['nobody else for 0', 0o600, { user: '0:1000' }],
    ['everybody for another user', 0o644, { user: '1000:1000' }],
    ['everybody for a number', 0o644, { user: 1000 }],
  ])('placeSecrets() lets %s read a mounted file', (_title, mode, service) => {
    expect(modeOf({ ...service, volumes: ['/home/key.txt:/k'] })).toBe(mode)
  })

  test.each<[unknown, number]>([
    [0o444, 0o644],
    ['0440', 0o640],
    ['444', 0o644],
    ['rw', 0o600],
    [undefined, 0o600],
  ])('placeSecrets() takes mode %j of a secret in its long form', (mode, expected) => {
    expect(modeOf({ secrets: [{ source: 's', mode }] })).toBe(expected)
  })

  test('placeSecrets() gives one file that several services take to all of them', () => {
    const document: ComposeDocument = {
      services: {
        a: { volumes: ['/home/key.txt:/k'] },
        b: { user: '7', volumes: ['/home/key.txt:/k'] },
      },
    }
    expect(placeSecrets(document, all).files).toEqual([{ ...key, mode: 0o644 }])
  })
})

function opened(path: string, digest: string): OpenedFile {
  return { path: `/home/${path}`, placed: `/mem/${digest}/${path.split('/').at(-1) ?? ''}`, digest }
}

function placed(service: Service): Service | undefined {
  return placeSecrets({ services: { web: service } }, all).document.services['web']
}

function modeOf(service: Service): number | undefined {
  const document = { services: { web: service }, secrets: { s: { file: '/home/key.txt' } } }
  return placeSecrets(document, all).files[0]?.mode
}
