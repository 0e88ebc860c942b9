import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { readDelivery } from '../../../src/domain/webhook.ts'
import { prepareLab } from '../../lab/github/lab.ts'
import type { LabParts } from '../../lab/github/lab.ts'
import { startFixture } from './fixture.ts'
import type { Fixture } from './fixture.ts'

let parts: LabParts
let at: Fixture
beforeAll(async () => {
  parts = await prepareLab()
})
afterEach(async () => {
  // Whatever was outside GitHub's own description fails here.
  await at.close()
})

describe('the lab’s pull requests', () => {
  it('tell every App of what happens to them, and each is a hint', async () => {
    at = await startFixture(parts, { hook: { url: 'http://127.0.0.1:9/', secret: 'lab' } })
    const { repository, lab } = at
    const branch = 'magos/nas/app-1'
    await repository.commit([{ path: 'x', content: '1' }], 'one', branch)
    await repository.openPull(branch)
    await repository.commit([{ path: 'x', content: '2' }], 'two', branch)
    await repository.closePull(1)
    await repository.openForkPull([{ path: 'y', content: 'y' }])
    await lab.settled()
    const sent = lab.deliveries.log.filter(({ event }) => event === 'pull_request')
    const hints = sent.map(({ event, payload, action }) => {
      const delivery = { event, delivery: 'd', body: 'b', payload }
      const hint = readDelivery(delivery, { repository: 'acme/homelab', branch: 'main' })
      return `${action} ${hint.outcome === 'accepted' ? hint.event.kind : hint.outcome}`
    })
    expect(hints.toSorted()).toEqual([
      'closed proposals-due',
      'opened pull-request-changed',
      'opened pull-request-changed',
      'synchronize pull-request-changed',
    ])
  })

  it('are closed by GitHub when their branch is deleted', async () => {
    at = await startFixture(parts)
    const { repository, github } = at
    const { commit } = await repository.commit([{ path: 'x', content: '1' }], 'one', 'feature')
    await repository.openPull('feature')
    expect(await github.pulls.list(AbortSignal.timeout(9_000))).toHaveLength(1)
    const { git } = repository.record
    const token = at.lab.state.personToken
    const address = `${at.lab.url}/repos/acme/homelab/git/refs/heads%2Ffeature`
    const headers = { authorization: `token ${token}` }
    expect((await fetch(address, { method: 'DELETE', headers })).status).toBe(204)
    expect(repository.pull(1).state).toBe('closed')
    expect(await git.ref('refs/pull/1/head')).toBe(commit)
  })
})
