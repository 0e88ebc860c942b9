/** The same loop on GitHub with no webhook configured: polling alone finds the work. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startHomelab, type Homelab } from '../lab/homelab.ts'
import { changedLines, containersOf, eventually } from './look.ts'

let lab: Homelab

beforeAll(async () => {
  lab = await startHomelab({ triggers: 'polling' })
})
afterAll(async () => {
  await lab.close()
})

test('magos run finds a new image by polling alone, commits it and deploys it', async () => {
  const digest = await lab.push('app', '1.0.0', { serves: 'one' })
  const image = lab.image('app')
  const content = `services:
  web:
    image: ${image}:1.0.0@${digest}  # {"magos": {"policy": "semver"}}
    init: true
    stop_grace_period: 0s
`
  const { commit: first } = await lab.repository.commit([{ path: 'shop/compose.yaml', content }])
  await lab.start({ MD_POLL_INTERVAL: '1s' })
  expect((await lab.status(first, 'magos/attic/shop')).state).toBe('success')
  const newer = await lab.push('app', '2.0.0', { serves: 'two' })
  const commit = await eventually(
    async () => (await lab.repository.head()).commit,
    (head) => head !== first,
  )
  expect((await lab.status(commit, 'magos/attic/shop')).state).toBe('success')
  expect(await changedLines(lab.repository.gitDir, commit)).toHaveLength(2)
  expect((await containersOf(lab.engine, 'shop'))['web']?.digests).toContain(newer)
  expect(lab.github.deliveries.log).toEqual([])
  expect(lab.github.violations).toEqual([])
})
