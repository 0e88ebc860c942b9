import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { cutDescription } from '../../../src/adapters/github/report-words.ts'
import type { StatusReport } from '../../../src/domain/event.ts'
import { failing, hang, reset } from '../../lab/github/faults.ts'
import { prepareLab } from '../../lab/github/lab.ts'
import type { LabParts } from '../../lab/github/lab.ts'
import { refusal, signal, startFixture } from './fixture.ts'
import type { Fixture } from './fixture.ts'

describe('createGitHub().reports', () => {
  let parts: LabParts
  let at: Fixture
  let report: StatusReport
  beforeAll(async () => {
    parts = await prepareLab()
  })
  beforeEach(async () => {
    at = await startFixture(parts, { timeout: 1000 })
    await at.github.token(signal())
    at.asked()
    report = {
      kind: 'status',
      commit: (await at.repository.head()).commit,
      context: 'magos/host',
      state: 'success',
      description: '3 stacks run',
    }
  })
  afterEach(async () => {
    await at.close()
  })

  const tell = async (changes: Partial<StatusReport> = {}): Promise<void> => {
    await at.github.reports.status({ ...report, ...changes }, signal())
  }
  const posts = (): readonly string[] => at.asked().filter((call) => call.startsWith('POST'))

  it('status() marks the commit as the App', async () => {
    await tell()
    expect(at.repository.record.statuses).toMatchObject([
      {
        sha: report.commit,
        context: 'magos/host',
        state: 'success',
        description: '3 stacks run',
        creator: { login: 'magos-lab[bot]' },
      },
    ])
  })

  it('status() tells nothing twice, also after a restart', async () => {
    await tell()
    await tell()
    await at.connect().reports.status(report, signal())
    expect(posts()).toHaveLength(2) // the second is the other process's token
    expect(at.repository.record.statuses).toHaveLength(1)
  })

  it('hosts() names those that told the status of that commit', async () => {
    await tell()
    await tell({ context: 'magos/host/shop' })
    await tell({ context: 'magos/cellar' })
    await tell({ context: 'ci/build' })
    const { reporters } = at.github
    expect(await reporters.hosts(report.commit, signal())).toEqual(['cellar', 'host'])
  })

  it('status() compares with the newest of its context alone', async () => {
    await tell()
    await tell({ context: 'magos/other', state: 'pending' })
    await tell({ state: 'failure', description: 'web is unhealthy' })
    await tell()
    await tell({ description: '4 stacks run' })
    await tell({ context: 'magos/other', state: 'pending' })
    expect(at.repository.record.statuses.map(({ state }) => state)).toEqual([
      'success',
      'pending',
      'failure',
      'success',
      'success',
    ])
  })

  it('status() finds its context on a later page', async () => {
    const { statuses } = at.repository.record
    await tell()
    const [told] = statuses
    if (told === undefined) throw new Error('Nothing was told')
    for (let index = 0; index < 150; index++) statuses.push({ ...told, context: `other/${index}` })
    await tell()
    expect(statuses).toHaveLength(151)
  })

  it('status() does not tell again what landed before a time-out', async () => {
    const path = /\/statuses\//u
    at.lab.faults.add({ method: 'POST', path, fault: hang('after') })
    expect(await refusal(tell())).toMatchObject({ code: 'network' })
    await tell()
    expect(at.repository.record.statuses).toHaveLength(1)
    at.lab.faults.add({ method: 'POST', path, fault: reset('before') })
    expect(await refusal(tell({ state: 'error' }))).toMatchObject({ code: 'network' })
    await tell({ state: 'error' })
    expect(at.repository.record.statuses).toHaveLength(2)
  })

  it('status() cuts what GitHub would refuse', async () => {
    await tell({ description: 'x'.repeat(200) })
    await tell({ description: 'x'.repeat(200) })
    expect(at.repository.record.statuses).toMatchObject([{ description: `${'x'.repeat(139)}…` }])
  })

  it('status() keeps a second between two reports', async () => {
    await Promise.all(['a', 'b', 'c'].map((context) => tell({ context })))
    expect(at.clock.slept).toEqual([1000, 1000])
  })

  it('status() lets commits go first', async () => {
    const parent = await at.repository.head()
    const files = [{ path: 'a', mode: '100644' as const, content: 'b' }]
    await Promise.all([
      tell(),
      at.github.committer.commit({ parent, message: 'x', files }, signal()),
      at.github.committer.commit({ parent, message: 'x', files }, signal()),
    ])
    expect(posts().at(-1)).toBe(`POST /statuses/${report.commit} 201`)
    expect(at.lab.requests.at(-1)?.operation).toBe('POST /repos/{owner}/{repo}/statuses/{sha}')
  })

  it('status() leaves commits their share of the writes', async () => {
    const fault = failing(422, 'Validation Failed')
    at.lab.faults.add({ method: 'POST', path: /\/trees$/u, fault, times: 60 })
    const parent = await at.repository.head()
    const files = [{ path: 'a', mode: '100644' as const, content: 'b' }]
    const proposal = { parent, message: 'x', files }
    for (let index = 0; index < 60; index++) {
      expect((await refusal(at.github.committer.commit(proposal, signal()))).code).toBe('github')
    }
    for (let index = 0; index < 8; index++) await tell({ context: `c/${index}` })
    expect(await refusal(tell({ context: 'one too many' }))).toMatchObject({ code: 'rate-limit' })
    expect(await at.github.committer.commit(proposal, signal())).toMatchObject({
      outcome: 'committed',
    })
  })

  it.each([
    [404, 'Not Found'],
    [422, 'No commit found for SHA: x'],
  ])('status() throws github where the commit is unknown: %d', async (status, message) => {
    at.lab.faults.add({ method: 'POST', path: /\/statuses\//u, fault: failing(status, message) })
    const error = await refusal(tell())
    expect(error).toMatchObject({ code: 'github' })
    expect(error.message).toBe(
      `Report "magos/host" of "${report.commit}": GitHub answered ${status}: ${message}`,
    )
  })

  it('status() goes on after a report that was refused', async () => {
    expect(await refusal(tell({ commit: 'f'.repeat(40) }))).toMatchObject({ code: 'github' })
    await tell()
    expect(at.repository.record.statuses).toHaveLength(1)
  })
})

describe('cutDescription()', () => {
  it.each([
    ['a text that fits', 'x'.repeat(140), 'x'.repeat(140)],
    ['a text that is one too long', 'x'.repeat(141), `${'x'.repeat(139)}…`],
    ['a pair at the cut', `${'x'.repeat(138)}🛠🛠`, `${'x'.repeat(138)}…`],
    ['a pair before the cut', `${'x'.repeat(137)}🛠🛠`, `${'x'.repeat(137)}🛠…`],
  ])('cuts %s', (_title, text, expected) => {
    expect(cutDescription(text)).toBe(expected)
    expect(cutDescription(text).length).toBeLessThanOrEqual(140)
  })
})
