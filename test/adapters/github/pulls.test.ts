import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { prepareLab } from '../../lab/github/lab.ts'
import type { LabParts } from '../../lab/github/lab.ts'
import { signal, startFixture } from './fixture.ts'
import type { Fixture } from './fixture.ts'

let parts: LabParts
let at: Fixture
beforeAll(async () => {
  parts = await prepareLab()
})
beforeEach(async () => {
  at = await startFixture(parts)
})
afterEach(async () => {
  await at.close()
})

describe('createGitHub().pulls', () => {
  it('look() tells head and where it left the branch, however that went on', async () => {
    const base = await at.repository.head()
    const head = await at.repository.commit([{ path: 'x', content: 'x\n' }], 'mine', 'feature')
    await at.repository.openPull('feature')
    await at.repository.commit([{ path: 'y', content: 'y\n' }])
    expect(await at.github.pulls.look(1, signal())).toEqual({
      number: 1,
      head,
      base,
      origin: 'repository',
    })
  })

  it('look() and read() see into a fork', async () => {
    await at.repository.openForkPull([{ path: 'theirs', content: 'ö\n' }])
    const pull = await at.github.pulls.look(1, signal())
    expect(pull?.origin).toBe('fork')
    if (pull === null) return
    const entries = await at.github.pulls.tree(pull.head, signal())
    const entry = entries.find(({ path }) => path === 'theirs')
    if (entry === undefined) throw new Error('No file of theirs')
    expect(entry.mode).toBe('100644')
    expect(Buffer.from(await at.github.pulls.read(entry, signal())).toString()).toBe('ö\n')
  })

  it('tree() lists files of all directories and no directory', async () => {
    const entries = await at.github.pulls.tree(await at.repository.head(), signal())
    expect(entries.map(({ path }) => path).toSorted()).toEqual(['README.md', 'app/compose.yaml'])
  })

  it('list() holds the open ones alone, and look() says null of the others', async () => {
    const { commit } = await at.repository.commit([{ path: 'x', content: 'x' }], 'm', 'feature')
    await at.repository.openPull('feature')
    expect(await at.github.pulls.list(signal())).toEqual([{ number: 1, head: commit }])
    await at.repository.closePull(1)
    expect(await at.github.pulls.list(signal())).toEqual([])
    expect(await at.github.pulls.look(1, signal())).toBe(null)
  })

  it('isReviewed() is GitHub’s own memory, but for what was passed over', async () => {
    const { commit } = await at.repository.head()
    const isReviewed = (github = at.github) =>
      github.pulls.isReviewed(commit, 'magos/nas', signal())
    expect(await isReviewed()).toBe(false)
    at.github.pulls.passOver(commit)
    expect(await isReviewed()).toBe(true)
    expect(await isReviewed(at.connect())).toBe(false)
    const text = { conclusion: 'success', title: 't', summary: 's', annotations: [] } as const
    const report = { kind: 'check-run', commit, context: 'magos/nas', ...text } as const
    await at.github.reports.checkRun(report, signal())
    expect(await isReviewed(at.connect())).toBe(true)
  })
})
