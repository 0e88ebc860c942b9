import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { PullProposal } from '../../../src/ports.ts'
import { failing, hang } from '../../lab/github/faults.ts'
import { prepareLab } from '../../lab/github/lab.ts'
import type { LabParts } from '../../lab/github/lab.ts'
import { refusal, signal, startFixture } from './fixture.ts'
import type { Fixture } from './fixture.ts'

const branch = 'magos/nas/app-1'

let parts: LabParts
let at: Fixture
beforeAll(async () => {
  parts = await prepareLab()
})
beforeEach(async () => {
  at = await startFixture(parts, { timeout: 1000 })
  await at.github.token(signal())
  at.asked()
})
afterEach(async () => {
  await at.close()
})

const proposal = async (
  content: string,
  changes: Partial<PullProposal> = {},
): Promise<PullProposal> => ({
  branch,
  title: 'chore: update app',
  body: 'body',
  commit: {
    parent: await at.repository.head(),
    message: `chore: ${content}`,
    files: [{ path: 'app/compose.yaml', mode: '100644', content }],
  },
  labels: [],
  reviewers: [],
  ...changes,
})
const propose = async (content: string, changes: Partial<PullProposal> = {}) =>
  await at.github.proposals.propose(await proposal(content, changes), signal())

describe('createGitHub().proposals', () => {
  it('propose() takes another App’s signed commit for somebody else’s', async () => {
    await propose('b\n')
    const app = await at.lab.createApp({ slug: 'other' })
    at.lab.install(app, [at.repository])
    const other = at.connect({ appId: app.id, privateKey: app.privateKey, branch: () => branch })
    const parent = await at.repository.head(branch)
    const files = [{ path: 'theirs', mode: '100644' as const, content: 'x' }]
    await other.committer.commit({ parent, message: 'theirs', files }, signal())
    expect(await propose('c\n')).toMatchObject({
      outcome: 'held',
      reason: `"${branch}" holds a commit of somebody else`,
    })
  })

  it('propose() labels it and asks for reviews; what GitHub refuses of that is told in the log', async () => {
    await propose('b\n', { labels: ['deps', 'auto'], reviewers: ['operator'] })
    expect(at.repository.pull(1)).toMatchObject({
      labels: ['deps', 'auto'],
      reviewers: [{ login: 'operator' }],
    })
    const reviewers = ['stranger']
    const on = { branch: `${branch}2`, reviewers }
    expect(await propose('c\n', on)).toMatchObject({ outcome: 'opened' })
    expect(at.log.lines.join('\n')).toContain('Reviews may only be requested from collaborators')
  })

  it('propose() opens one pull request though the answer was lost', async () => {
    at.lab.faults.add({ method: 'POST', path: /\/pulls$/u, fault: hang('after') })
    expect(await propose('b\n')).toMatchObject({ outcome: 'opened', number: 1 })
    expect(at.repository.record.pulls).toHaveLength(1)
  })

  it('propose() moves its branch once though the answer was lost', async () => {
    await propose('b\n')
    at.lab.faults.add({ method: 'PATCH', path: /\/git\/refs\//u, fault: hang('after') })
    expect(await propose('c\n')).toMatchObject({ outcome: 'updated', number: 1 })
  })

  it('propose() says what a ruleset on the branch wants', async () => {
    at.repository.protect({ branch, type: 'update', bypass: [] })
    expect(await propose('b\n')).toMatchObject({
      outcome: 'held',
      remedy: expect.stringContaining(branch),
    })
  })

  it('propose() says which permission is lacking', async () => {
    at.lab.grant(at.installation, { metadata: 'read', contents: 'write' })
    expect(await refusal(propose('b\n'))).toMatchObject({
      code: 'unauthorized',
      remedy: expect.stringContaining('pull_requests'),
    })
  })

  it('merge() tries what the repository allows', async () => {
    await propose('b\n')
    const [pull] = await at.github.proposals.open('magos/', signal())
    if (pull === undefined) throw new Error('No pull request is open')
    const refused = 'Squash merges are not allowed on this repository.'
    at.lab.faults.add({ method: 'PUT', path: /\/merge$/u, fault: failing(405, refused) })
    expect(await at.github.proposals.merge(pull, signal())).toMatchObject({ outcome: 'merged' })
    const { commit } = await at.repository.head()
    expect((await at.repository.record.git.readCommit(commit)).parents).toHaveLength(2)
  })

  it('merge() waits for what a ruleset requires', async () => {
    await propose('b\n')
    const rule = { branch: 'main', type: 'required_status_checks', bypass: [] } as const
    at.repository.protect({ ...rule, contexts: ['ci'] })
    const [pull] = await at.github.proposals.open('magos/', signal())
    if (pull === undefined) throw new Error('No pull request is open')
    expect(await at.github.proposals.merge(pull, signal())).toMatchObject({
      outcome: 'refused',
      reason: expect.stringContaining('"ci" is expected'),
    })
  })

  it('merge() knows that it merged though the answer was lost', async () => {
    await propose('b\n')
    const [pull] = await at.github.proposals.open('magos/', signal())
    if (pull === undefined) throw new Error('No pull request is open')
    at.lab.faults.add({ method: 'PUT', path: /\/merge$/u, fault: hang('after') })
    expect(await at.github.proposals.merge(pull, signal())).toEqual({
      outcome: 'merged',
      commit: (await at.repository.head()).commit,
    })
  })

  it('open() passes over pull requests of people and of forks', async () => {
    await at.repository.commit([{ path: 'x', content: 'x' }], 'm', 'magos/nas/mine')
    await at.repository.openPull('magos/nas/mine')
    await at.repository.openForkPull([{ path: 'y', content: 'y' }])
    await at.repository.openForkPull([{ path: 'z', content: 'z' }], 'A bot’s', 'Bot')
    expect(await at.github.proposals.open('', signal())).toEqual([])
  })
})
