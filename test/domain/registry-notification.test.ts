import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  isRegistryKind,
  readNotification,
  type RegistryKind,
} from '../../src/domain/registry-notification.ts'

const BODY = 'ab'.repeat(32)
const MANIFEST = 'application/vnd.oci.image.index.v1+json'

function read(kind: RegistryKind, payload: Readonly<Record<string, unknown>>) {
  return readNotification({ kind, body: BODY, payload })
}

/** Its repositories, or why it has none. */
function told(kind: RegistryKind, payload: Readonly<Record<string, unknown>>) {
  const hint = read(kind, payload)
  if (hint.outcome === 'ignored') return hint.reason
  if (hint.outcome !== 'accepted' || hint.event.kind !== 'image-published') return hint
  return hint.event.repositories
}

const push = (changes: object = {}, target: object = {}) => ({
  id: '320678d8',
  action: 'push',
  target: {
    mediaType: MANIFEST,
    digest: `sha256:${'0'.repeat(64)}`,
    repository: 'team/app',
    url: 'http://registry.lan:5000/v2/team/app/manifests/sha256:0',
    tag: 'latest',
    ...target,
  },
  request: { addr: '10.0.0.7:1234', host: 'registry.lan:5000', method: 'PUT' },
  ...changes,
})

describe('readNotification()', () => {
  test('takes a push to Docker Hub, with what the log needs', () => {
    const payload = {
      callback_url: 'https://evil.example/',
      push_data: { pushed_at: 1_417_566_161, pusher: 'bob', tag: 'latest' },
      repository: { repo_name: 'Bob/App', namespace: 'bob', name: 'app' },
    }
    expect(read('docker-hub', payload)).toEqual({
      outcome: 'accepted',
      event: { kind: 'image-published', repositories: ['docker.io/bob/app'] },
      origin: { source: 'webhook', event: 'docker-hub', body: BODY, image: 'docker.io/bob/app' },
    })
    const untagged = { ...payload, push_data: { tag: '' } }
    expect(told('docker-hub', untagged)).toBe('it brings no tag')
  })

  test('takes a push to Quay, hosted or not, by the address that it names', () => {
    const payload = {
      name: 'app',
      repository: 'team/app',
      namespace: 'team',
      docker_url: 'quay.io/team/app',
      updated_tags: ['1.0', 'latest'],
    }
    expect(told('quay', payload)).toEqual(['quay.io/team/app'])
    expect(told('quay', { ...payload, updated_tags: { latest: 'abc' } })).toEqual([
      'quay.io/team/app',
    ])
    const own = { ...payload, docker_url: 'quay.lan:8443/team/app' }
    expect(told('quay', own)).toEqual(['quay.lan:8443/team/app'])
    for (const updated_tags of [[], {}, undefined, 'x']) {
      expect(told('quay', { ...payload, updated_tags })).toBe('it brings no tag')
    }
  })

  test('takes a push to Harbor, as JSON and as a CloudEvent', () => {
    const resources = [
      { digest: 'sha256:0', tag: '1', resource_url: 'harbor.lan/team/app:1' },
      { digest: 'sha256:0', tag: '2', resource_url: 'harbor.lan/team/app:2' },
      { digest: 'sha256:0', resource_url: `harbor.lan/team/web@sha256:${'0'.repeat(64)}` },
    ]
    const names = ['harbor.lan/team/app', 'harbor.lan/team/web']
    expect(told('harbor', { type: 'PUSH_ARTIFACT', event_data: { resources } })).toEqual(names)
    expect(told('harbor', { type: 'harbor.artifact.pushed', data: { resources } })).toEqual(names)
    for (const type of ['PULL_ARTIFACT', 'DELETE_ARTIFACT', 'SCANNING_COMPLETED', undefined]) {
      expect(told('harbor', { type, event_data: { resources } })).toBe('it is no push')
    }
  })

  test('takes a container of Gitea at the host of its pages', () => {
    const found = {
      type: 'container',
      name: 'App',
      version: '1.0',
      owner: { login: 'Team' },
      html_url: 'https://git.lan:3000/Team/-/packages/container/app/1.0',
    }
    const payload = { action: 'created', package: found }
    expect(told('gitea', payload)).toEqual(['git.lan:3000/team/app'])
    expect(told('gitea', { ...payload, action: 'deleted' })).toBe('it brings no new image')
    expect(told('gitea', { ...payload, package: { ...found, type: 'npm' } })).toBe(
      'it is of no container image',
    )
    expect(told('gitea', { ...payload, package: { ...found, html_url: 'x' } })).toMatch(/no repos/)
  })

  test('takes the tagged pushes of an envelope, and nothing else of it', () => {
    const events = [
      push({ action: 'pull' }),
      push({}, { tag: undefined, repository: 'team/untagged' }),
      push({}, { mediaType: 'application/octet-stream', repository: 'team/blob' }),
      push({ action: 'delete' }, { repository: 'team/deleted' }),
      null,
      push(),
      push(),
      push({}, { repository: 'team/web' }),
    ]
    const names = ['registry.lan:5000/team/app', 'registry.lan:5000/team/web']
    expect(told('distribution', { events })).toEqual(names)
    expect(told('distribution', { events: events.slice(0, 5) })).toBe('it pushes no tag')
    expect(told('distribution', {})).toBe('it pushes no tag')
  })

  test('names an image of a distribution registry by both of its hosts', () => {
    const events = [push({ request: { host: 'localhost:5000' } })]
    expect(told('distribution', { events })).toEqual([
      'localhost:5000/team/app',
      'registry.lan:5000/team/app',
    ])
  })

  test('looks at everything where too much is named', () => {
    const many = (count: number) =>
      Array.from({ length: count }, (_, index) => push({}, { repository: `team/app-${index}` }))
    expect(told('distribution', { events: many(50) })).toHaveLength(50)
    expect(told('distribution', { events: many(51) })).toBe('all')
    expect(told('distribution', { events: Array(1001).fill(push({ action: 'pull' })) })).toBe('all')
  })

  test.each([
    'ghcr.io',
    'no-host/app',
    '../../etc/passwd',
    'quay.io/../app',
    `quay.io/${'x'.repeat(400)}`,
    'quay.io/a b',
    'quay.io/\u001B[31mapp',
    'https://quay.io/team/app',
  ])('ignores the name %j', (docker_url) => {
    const payload = { docker_url, updated_tags: ['1'] }
    expect(told('quay', payload)).toBe('it names no repository that an image can have')
  })

  test('throws at nothing', () => {
    const kinds = ['docker-hub', 'quay', 'harbor', 'gitea', 'distribution'] as const
    const keys = ['events', 'event_data', 'resources', 'package', 'repository', 'push_data', 'type']
    const payload = fc.dictionary(fc.constantFrom(...keys), fc.jsonValue())
    fc.assert(
      fc.property(fc.constantFrom(...kinds), payload, (kind, value) => {
        expect(['accepted', 'ignored']).toContain(read(kind, value).outcome)
      }),
    )
  })
})

test.each(['docker-hub', 'quay', 'harbor', 'gitea', 'distribution'])(
  'isRegistryKind() knows %s',
  (kind) => expect(isRegistryKind(kind)).toBe(true),
)

test.each(['', 'github', 'toString', '__proto__', 'Quay'])(
  'isRegistryKind() does not know %j',
  (kind) => expect(isRegistryKind(kind)).toBe(false),
)
