import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Hint, readDelivery, type Watched } from '../../src/domain/webhook.ts'

const WATCHED: Watched = { repository: 'Owner/Homelab', branch: 'main' }
const BODY = 'ab'.repeat(32)

function read(
  event: string,
  payload: Readonly<Record<string, unknown>>,
  watched: Watched = WATCHED,
): Hint {
  return readDelivery({ event, delivery: 'd-1', body: BODY, payload }, watched)
}

const push = (changes: Readonly<Record<string, unknown>> = {}) => ({
  ref: 'refs/heads/main',
  repository: { full_name: 'Owner/Homelab' },
  ...changes,
})

const packageEvent = (
  changes: Readonly<Record<string, unknown>> = {},
  root = 'registry_package',
) => ({
  action: 'published',
  [root]: {
    name: 'App',
    namespace: 'Owner',
    package_type: 'CONTAINER',
    ecosystem: 'CONTAINER',
    package_version: { package_url: 'ghcr.io/owner/app:1.2.3' },
    ...changes,
  },
  repository: { full_name: 'owner/somewhere-else' },
})

const image = (hint: Hint) => {
  if (hint.outcome !== 'accepted' || hint.event.kind !== 'image-published') return hint
  return hint.event.repositories
}
const reason = (hint: Hint) => (hint.outcome === 'ignored' ? hint.reason : hint)

const about = (fields: Readonly<Record<string, unknown>>) => ({
  repository: { full_name: 'Owner/Homelab' },
  ...fields,
})

describe('readDelivery()', () => {
  const ours = 'magos/nas/app-0123abcd'
  test.each([
    ['pull_request', { pull_request: { head: { ref: ours } }, action: 'closed' }],
    ['pull_request_review', { pull_request: { head: { ref: ours } } }],
    ['check_suite', { check_suite: { head_branch: ours } }],
    ['check_run', { check_run: { check_suite: { head_branch: ours } } }],
    ['status', { branches: [{ name: 'main' }, { name: ours }] }],
  ])('takes what a pull request of ours may wait for: %s', (event, payload) => {
    expect(read(event, about(payload))).toMatchObject({
      outcome: 'accepted',
      event: { kind: 'proposals-due', repositories: [], branches: [ours] },
      origin: { source: 'webhook', event, ref: ours },
    })
  })

  test.each(['opened', 'synchronize', 'reopened'])('takes a pull request that is %s', (action) => {
    const payload = about({ action, number: 7, pull_request: { head: { ref: 'feature' } } })
    expect(read('pull_request', payload)).toMatchObject({
      outcome: 'accepted',
      event: { kind: 'pull-request-changed', numbers: [7] },
    })
    expect(read('pull_request', { ...payload, number: '7' }).outcome).toBe('ignored')
  })

  test.each([
    ['of somebody else', 'check_suite', about({ check_suite: { head_branch: 'feature' } })],
    ['of no branch', 'check_suite', about({ check_suite: { head_branch: null } })],
    ['in no shape', 'status', about({ branches: 'magos/nas/app-0123abcd' })],
    ['whose name is odd', 'check_suite', about({ check_suite: { head_branch: `${ours}\nx` } })],
    ['of no repository', 'status', { branches: [{ name: ours }] }],
    [
      'of another repository',
      'status',
      { repository: { full_name: 'o/other' }, branches: [{ name: ours }] },
    ],
  ])('ignores a pull request %s', (_title, event, payload) => {
    expect(read(event, payload).outcome).toBe('ignored')
  })

  test('answers a ping', () => {
    expect(read('ping', { zen: 'Keep it logically awesome.' })).toEqual({ outcome: 'pong' })
  })

  test('takes a push to the watched branch, with what the log needs', () => {
    expect(read('push', push({ after: 'f'.repeat(40) }))).toEqual({
      outcome: 'accepted',
      event: { kind: 'revision-pushed' },
      origin: {
        source: 'webhook',
        event: 'push',
        delivery: 'd-1',
        body: BODY,
        ref: 'refs/heads/main',
        repository: 'Owner/Homelab',
      },
    })
  })

  test('takes a repository in whatever case, and anything where nothing is known', () => {
    const other = push({ repository: { full_name: 'owner/HOMELAB' } })
    expect(read('push', other).outcome).toBe('accepted')
    const unknown = { repository: null, branch: null }
    const strange = push({ ref: 'refs/heads/x', repository: { full_name: 'a/b' } })
    expect(read('push', strange, unknown).outcome).toBe('accepted')
  })

  test.each<[string, Readonly<Record<string, unknown>>, string]>([
    ['another repository', { repository: { full_name: 'a/b' } }, 'another repository, "a/b"'],
    ['another branch', { ref: 'refs/heads/dev' }, 'another branch, "refs/heads/dev"'],
    ['a branch in another case', { ref: 'refs/heads/Main' }, 'another branch'],
    ['a tag', { ref: 'refs/tags/main' }, 'is no branch'],
    ['no ref', { ref: null }, 'names no repository or no ref'],
    ['a ref that is a list', { ref: ['refs/heads/main'] }, 'names no repository or no ref'],
    ['no repository', { repository: null }, 'names no repository'],
    ['a repository without a name', { repository: { full_name: 7 } }, 'names no repository'],
  ])('ignores a push with %s', (_, changes, words) => {
    expect(reason(read('push', push(changes)))).toContain(words)
  })

  test.each(['installation', 'installation_repositories', 'installation_target'])(
    'takes %s as a hint that the App changed',
    (event) => {
      expect(read(event, { action: 'suspend' })).toMatchObject({
        outcome: 'accepted',
        event: { kind: 'installation-changed' },
        origin: { event, action: 'suspend' },
      })
    },
  )

  test.each(['registry_package', 'package'])('takes %s by its image alone', (event) => {
    expect(read(event, packageEvent({}, event))).toEqual({
      outcome: 'accepted',
      event: { kind: 'image-published', repositories: ['ghcr.io/owner/app'] },
      origin: {
        source: 'webhook',
        event,
        delivery: 'd-1',
        body: BODY,
        image: 'ghcr.io/owner/app',
        repository: 'owner/somewhere-else',
        action: 'published',
      },
    })
  })

  test.each<[string, unknown, string]>([
    ['a trailing colon', 'ghcr.io/owner/app:', 'ghcr.io/owner/app'],
    ['no tag', 'ghcr.io/owner/app', 'ghcr.io/owner/app'],
    ['a digest', `ghcr.io/owner/app@sha256:${'a'.repeat(64)}`, 'ghcr.io/owner/app'],
    ['a digest as its tag', `ghcr.io/owner/app:sha256:${'a'.repeat(64)}`, 'ghcr.io/owner/app'],
    ['a port', '127.0.0.1:5000/owner/app:1', '127.0.0.1:5000/owner/app'],
    ['a scheme', 'https://ghcr.io/owner/app:1', 'ghcr.io/owner/app'],
    ['capitals', 'ghcr.io/Owner/App:1', 'ghcr.io/owner/app'],
    ['a deep path', 'ghcr.io/owner/group/app:1', 'ghcr.io/owner/group/app'],
    ['nothing in it', '', 'ghcr.io/owner/app'],
    ['no host', 'owner/app:1', 'ghcr.io/owner/app'],
    ['a number', 7, 'ghcr.io/owner/app'],
    ['blanks', 'ghcr.io/ow ner/app', 'ghcr.io/owner/app'],
    ['a path outside', 'ghcr.io/../app', 'ghcr.io/owner/app'],
    ['no end', `ghcr.io/${'a.'.repeat(500_000)}`, 'ghcr.io/owner/app'],
  ])('finds the image of a package_url with %s', (_, url, name) => {
    const version = { package_version: { package_url: url } }
    expect(image(read('registry_package', packageEvent(version)))).toEqual([name])
  })

  test.each<[string, unknown]>([
    ['null', null],
    ['a list', []],
    ['text', 'x'],
    ['empty', {}],
  ])('finds the image by its name when package_version is %s', (_, version) => {
    const changes = { package_version: version, name: 'Group/App' }
    expect(image(read('package', packageEvent(changes, 'package')))).toEqual([
      'ghcr.io/owner/group/app',
    ])
  })

  test('finds the owner where there is no namespace', () => {
    const changes = { package_version: null, namespace: undefined, owner: { login: 'OWNER' } }
    expect(image(read('registry_package', packageEvent(changes)))).toEqual(['ghcr.io/owner/app'])
  })

  test.each<[string, Readonly<Record<string, unknown>>]>([
    ['package_type', { package_type: 'container', ecosystem: 'x' }],
    ['ecosystem', { package_type: 'x', ecosystem: 'CONTAINER' }],
    ['registry', { package_type: null, ecosystem: 1, registry: { type: 'Container' } }],
  ])('knows a container by %s', (_, changes) => {
    expect(read('package', packageEvent(changes, 'package')).outcome).toBe('accepted')
  })

  test.each<[string, Readonly<Record<string, unknown>>, string]>([
    ['another action', { ...packageEvent(), action: 'deleted' }, 'the action "deleted"'],
    ['no action', { ...packageEvent(), action: undefined }, 'the action ""'],
    ['no package', { action: 'published' }, 'names no package'],
    ['a package that is text', { action: 'published', package: 'x' }, 'names no package'],
    ['an npm package', packageEvent({ package_type: 'npm', ecosystem: 'npm' }), 'no container'],
    ['no types at all', packageEvent({ package_type: null, ecosystem: null }), 'no container'],
    ['no name at all', packageEvent({ package_version: null, name: '' }), 'has no name'],
    ['an impossible name', packageEvent({ package_version: null, name: '..' }), 'has no name'],
    ['an endless name', packageEvent({ package_version: null, name: 'a'.repeat(9e5) }), 'no name'],
  ])('ignores a package event with %s', (_, payload, words) => {
    expect(reason(read('registry_package', payload))).toContain(words)
  })

  test('ignores what it does not know, and cleans the name', () => {
    expect(reason(read('star\u001b[31m\n', {}))).toBe('the event "star31m" means nothing to Magos')
  })

  test('keeps control characters, line ends and lone surrogates out of the hint', () => {
    const strange = '\u001b[2Jx\n\u2028\u202E\uD800y'
    const hint = read('push', push({ action: strange, ref: `refs/heads/${strange}` }), {
      repository: null,
      branch: null,
    })
    expect(hint).toMatchObject({ origin: { ref: 'refs/heads/[2Jxy', action: '2Jxy' } })
  })

  test('never makes a hint of more than 1 KiB, whatever the payload', () => {
    const long = fc.string({ unit: 'binary', maxLength: 2_000 })
    const value = fc.oneof(long, fc.jsonValue(), fc.constant('CONTAINER'), fc.constant('published'))
    const container = fc.record({
      package_type: fc.constant('CONTAINER'),
      name: fc.oneof(long, fc.stringMatching(/^[a-z0-9]{1,390}$/)),
      namespace: fc.oneof(long, fc.stringMatching(/^[a-z]{1,40}$/)),
      package_version: fc.oneof(
        value,
        fc.record({ package_url: fc.stringMatching(/^g\.io(:[0-9]{1,5})?\/[a-z0-9/]{1,390}$/) }),
      ),
    })
    const payload = fc.record({
      action: fc.oneof(fc.constant('published'), value),
      ref: fc.oneof(
        long.map((name) => `refs/heads/${name}`),
        value,
      ),
      repository: fc.oneof(fc.record({ full_name: long }), value),
      registry_package: fc.oneof(container, value),
    })
    const event = fc.constantFrom('push', 'registry_package', 'installation', 'installation_x"\\')
    const watched = { repository: null, branch: null }
    fc.assert(
      fc.property(event, long, payload, (name, delivery, content) => {
        const hint = readDelivery({ event: name, delivery, body: BODY, payload: content }, watched)
        if (hint.outcome !== 'accepted') return
        const text = JSON.stringify({ event: hint.event, origin: hint.origin })
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(1_024)
        expect(JSON.parse(text)).toEqual({ event: hint.event, origin: hint.origin })
      }),
      { numRuns: process.env['MAGOS_LONG'] === '1' ? 5_000 : 300 },
    )
  })

  test('drops the least telling first when a hint is too long', () => {
    const name = `${'a'.repeat(125)}/${'b'.repeat(125)}`
    const hint = read('registry_package', {
      ...packageEvent({ package_version: { package_url: `g.io/${name}` } }),
      repository: { full_name: 'ö'.repeat(140) },
    })
    expect(hint).toMatchObject({
      event: { repositories: [`g.io/${name}`] },
      origin: { delivery: 'd-1', body: BODY },
    })
    expect(hint).not.toHaveProperty('origin.action')
  })
})
