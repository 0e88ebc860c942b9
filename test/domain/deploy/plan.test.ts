import { describe, expect, test } from 'vitest'
import { planDeployment } from '../../../src/domain/deploy/plan.ts'
import { parseImageReference } from '../../../src/domain/image-reference.ts'
import { container, DIGEST_A, DIGEST_B, service } from './container.ts'

function action(wanted: Parameters<typeof service>[0], ...found: Parameters<typeof container>) {
  const containers = found.map((over) => container(over))
  return planDeployment([service(wanted)], containers)[0]
}

describe('planDeployment()', () => {
  test('creates what has no container', () => {
    expect(planDeployment([service()], [])).toEqual([
      { name: 'web', action: 'create', reasons: ['it has no container'] },
    ])
  })

  test('keeps a container with the same hash and digest', () => {
    expect(action({}, {})?.action).toBe('keep')
  })

  test('keeps a container when only its pin was written down', () => {
    const pinned = { image: parseImageReference(`ghcr.io/o/app:1.0.0@${DIGEST_A}`) }
    expect(action(pinned, { image: 'ghcr.io/o/app:1.0.0', digests: [DIGEST_A] })?.action).toBe(
      'keep',
    )
  })

  test('keeps a container that a person stopped', () => {
    expect(action({}, { state: 'exited', exitCode: 137 })?.action).toBe('keep')
  })

  test.each([
    ['its configuration changed', { hash: 'h2' }, {}],
    ['not made by Magos', {}, { labels: {} }],
    [DIGEST_A, {}, { digests: [DIGEST_B] }],
    ['shall have 2', { replicas: 2 }, {}],
  ])('recreates and says why: %s', (reason, wanted, found) => {
    const plan = action(wanted, found)
    expect(plan?.action).toBe('recreate')
    expect(plan?.reasons.join()).toContain(reason)
  })

  test('recreates what was made for another stack, where it is told which this one is', () => {
    const made = [container({ labels: { ...container().labels, 'magos.stack': 'one' } })]
    expect(planDeployment([service()], made, 'two')).toEqual([
      { name: 'web', action: 'recreate', reasons: ['its container was made for stack "one"'] },
    ])
    expect(planDeployment([service()], made, 'one')[0]?.action).toBe('keep')
    expect(planDeployment([service()], made)[0]?.action).toBe('keep')
    const bare = [container({ labels: { 'magos.hash': service().hash } })]
    expect(planDeployment([service()], bare, 'two')[0]?.action).toBe('keep')
  })

  test('compares an unpinned image by its name and tag', () => {
    const unpinned = { image: parseImageReference('ghcr.io/o/app') }
    expect(action(unpinned, { image: 'ghcr.io/o/app:latest' })?.action).toBe('keep')
    expect(action(unpinned, { image: 'ghcr.io/o/app:2' })?.action).toBe('recreate')
    expect(action(unpinned, { image: `ghcr.io/o/app@${DIGEST_A}` })?.action).toBe('recreate')
  })

  test('does not ask a built service for its image', () => {
    expect(action({ source: 'built' }, { digests: [DIGEST_B] })?.action).toBe('keep')
  })

  test('removes what left the file', () => {
    const plan = planDeployment([service()], [container(), container({ id: 'x', service: 'old' })])
    expect(plan.map(({ name, action: what }) => `${what} ${name}`)).toEqual([
      'remove old',
      'keep web',
    ])
  })
})
