import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Revision } from '../../src/domain/revision.ts'
import type { CommitFile, Proposals, PullProposal, PullRequest } from '../../src/ports.ts'

export interface ProposalsFixture {
  readonly proposals: Proposals
  /** Of the watched branch, which holds `app/compose.yaml` and `README.md`. */
  head(): Promise<Revision>
  /** Somebody commits on the watched branch. */
  advance(path: string, content: string): Promise<void>
  /** What a file holds at the watched branch. */
  text(path: string): Promise<string | null>
  message(): Promise<string>
  /** Commit that a branch names; null where there is none. */
  tip(branch: string): Promise<string | null>
  /** What a person does. */
  close(number: number): Promise<void>
  merge(number: number): Promise<void>
  commitOn(branch: string): Promise<void>
  /** Every check of a commit has this outcome. */
  check(commit: string, state: 'pending' | 'success' | 'failure'): Promise<void>
  dispose(): Promise<void>
}

const prefix = 'magos/nas/'
const branch = `${prefix}app-1`

/** What `Proposals` must do: one pull request a branch, and never a loss of what somebody else did. */
export function proposalsContract(name: string, make: () => Promise<ProposalsFixture>): void {
  describe(`Proposals contract: ${name}`, () => {
    let at: ProposalsFixture
    beforeEach(async () => {
      at = await make()
    })
    afterEach(async () => {
      await at.dispose()
    })

    const proposal = async (
      content: string,
      { on = branch, message = 'chore: update app\n\nMagos-Image: o/app\n' } = {},
    ): Promise<PullProposal> => {
      const files: CommitFile[] = [{ path: 'app/compose.yaml', mode: '100644', content }]
      return {
        branch: on,
        title: message.split('\n')[0] ?? '',
        body: `about ${content}`,
        commit: { parent: await at.head(), message, files },
        labels: ['dependencies'],
        reviewers: [],
      }
    }
    const propose = async (content: string, options = {}) =>
      await at.proposals.propose(await proposal(content, options), signal())
    const open = (): Promise<readonly PullRequest[]> => at.proposals.open(prefix, signal())
    const only = async (): Promise<PullRequest> => {
      const [pull, ...others] = await open()
      expect(others).toEqual([])
      if (pull === undefined) throw new Error('No pull request is open')
      return pull
    }

    it('propose() opens a pull request of one commit', async () => {
      const outcome = await propose('image: b\n')
      expect(outcome).toMatchObject({ outcome: 'opened', number: 1 })
      expect(await only()).toMatchObject({
        number: 1,
        branch,
        state: 'open',
        title: 'chore: update app',
        body: 'about image: b\n',
        head: await at.tip(branch),
        tip: 'ours',
        message: 'chore: update app\n\nMagos-Image: o/app\n',
      })
      expect(await at.text('app/compose.yaml')).toBe('image: a\n')
    })

    it('propose() brings the open one up to date in place', async () => {
      await propose('image: b\n')
      const first = await at.tip(branch)
      const message = 'chore: update app again\n\nMagos-Image: o/app\n'
      const outcome = await propose('image: c\n', { message })
      expect(outcome).toMatchObject({ outcome: 'updated', number: 1 })
      expect(await only()).toMatchObject({
        title: 'chore: update app again',
        body: 'about image: c\n',
        message,
      })
      expect(await at.tip(branch)).not.toBe(first)
    })

    it('propose() finds nothing to propose where the branch has it already', async () => {
      expect(await propose('image: a\n')).toEqual({ outcome: 'empty' })
      expect(await open()).toEqual([])
    })

    it('propose() leaves a branch alone that holds somebody else’s commit', async () => {
      await propose('image: b\n')
      await at.commitOn(branch)
      const theirs = await at.tip(branch)
      expect(await propose('image: c\n')).toMatchObject({ outcome: 'held' })
      expect(await at.tip(branch)).toBe(theirs)
      expect(await only()).toMatchObject({
        tip: 'foreign',
        head: theirs,
        message: 'chore: update app\n\nMagos-Image: o/app\n',
      })
    })

    it('propose() opens another one after one was closed', async () => {
      await propose('image: b\n')
      await at.close(1)
      expect(await open()).toEqual([])
      expect(await propose('image: c\n')).toMatchObject({ outcome: 'opened', number: 2 })
    })

    it('open() lists those below the prefix alone', async () => {
      await propose('image: b\n')
      await propose('image: b\n', { on: 'magos/other/app-1' })
      expect((await open()).map((pull) => pull.branch)).toEqual([branch])
    })

    it('open() tells of conflicts with the watched branch', async () => {
      await propose('image: b\n')
      await open()
      expect((await only()).conflicts).toBe('none')
      await at.advance('app/compose.yaml', 'image: theirs\n')
      await open()
      expect((await only()).conflicts).toBe('some')
    })

    it('past() remembers what was proposed in those that were closed, newest first', async () => {
      await propose('image: b\n', { message: 'chore: first\n' })
      await at.close(1)
      await propose('image: c\n', { message: 'chore: second\n' })
      await at.commitOn(branch)
      await at.close(2)
      const past = await at.proposals.past(branch, signal())
      expect(past.map(({ number, state, message }) => [number, state, message])).toEqual([
        [2, 'closed', 'chore: second\n'],
        [1, 'closed', 'chore: first\n'],
      ])
      expect(await at.proposals.past(`${branch}0`, signal())).toEqual([])
    })

    it('close() leaves a word, and removes the branch', async () => {
      await propose('image: b\n')
      await at.proposals.close(await only(), { body: 'overtaken', comment: 'why' }, signal())
      expect(await open()).toEqual([])
      expect(await at.tip(branch)).toBe(null)
      expect(await at.proposals.past(branch, signal())).toMatchObject([
        { number: 1, state: 'closed', body: 'overtaken' },
      ])
    })

    it('close() keeps a branch that somebody else committed on', async () => {
      await propose('image: b\n')
      await at.commitOn(branch)
      await at.proposals.close(await only(), { body: 'overtaken', comment: 'why' }, signal())
      expect(await at.tip(branch)).not.toBe(null)
    })

    it('checks() tells what is under way, failed and passed', async () => {
      await propose('image: b\n')
      const { head } = await only()
      expect(await at.proposals.checks(head, signal())).toMatchObject({ outcome: 'waits' })
      await at.check(head, 'pending')
      expect(await at.proposals.checks(head, signal())).toMatchObject({ outcome: 'waits' })
      await at.check(head, 'failure')
      expect(await at.proposals.checks(head, signal())).toMatchObject({ outcome: 'failed' })
      await at.check(head, 'success')
      expect(await at.proposals.checks(head, signal())).toMatchObject({ outcome: 'passed' })
    })

    it('merge() brings the change to the watched branch under its own message', async () => {
      await propose('image: b\n')
      const outcome = await at.proposals.merge(await only(), signal())
      expect(outcome).toEqual({ outcome: 'merged', commit: (await at.head()).commit })
      expect(await at.text('app/compose.yaml')).toBe('image: b\n')
      expect((await at.message()).trimEnd()).toBe('chore: update app (#1)\n\nMagos-Image: o/app')
      expect(await at.tip(branch)).toBe(null)
      expect(await at.proposals.past(branch, signal())).toMatchObject([{ state: 'merged' }])
    })

    it('merge() refuses a head that nobody has seen', async () => {
      await propose('image: b\n')
      const seen = await only()
      await at.commitOn(branch)
      expect(await at.proposals.merge(seen, signal())).toMatchObject({ outcome: 'refused' })
      expect(await at.text('app/compose.yaml')).toBe('image: a\n')
    })

    it('tidy() removes branches whose pull request a person merged, and no other', async () => {
      await propose('image: b\n')
      await propose('image: b\n', { on: `${prefix}other` })
      await at.close(2)
      await at.merge(1)
      expect(await at.tip(branch)).not.toBe(null)
      expect(await at.proposals.tidy(prefix, signal())).toEqual([branch])
      expect(await at.tip(branch)).toBe(null)
      expect(await at.tip(`${prefix}other`)).not.toBe(null)
      expect(await at.proposals.tidy(prefix, signal())).toEqual([])
    })

    it('does nothing when it is interrupted beforehand', async () => {
      const wanted = await proposal('image: b\n')
      const aborted = AbortSignal.abort()
      await expect(at.proposals.propose(wanted, aborted)).rejects.toMatchObject({
        code: 'interrupted',
      })
      expect(await at.tip(branch)).toBe(null)
    })
  })
}

function signal(): AbortSignal {
  return AbortSignal.timeout(20_000)
}
