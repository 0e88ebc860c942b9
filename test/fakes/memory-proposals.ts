import { createHash } from 'node:crypto'
import { MagosError } from '../../src/domain/error.ts'
import type {
  ChecksState,
  CommitFile,
  ProposalOutcome,
  Proposals,
  PullProposal,
  PullRequest,
} from '../../src/ports.ts'
import type { MemoryGit } from './memory-git.ts'

interface Branch {
  readonly commit: string
  readonly parent: string
  readonly message: string | null
  readonly files: readonly CommitFile[]
  readonly tip: PullRequest['tip']
}

export interface MemoryPull {
  readonly number: number
  readonly branch: string
  readonly labels: readonly string[]
  readonly reviewers: readonly string[]
  readonly comments: string[]
  title: string
  body: string
  state: PullRequest['state']
  /** What it held when it was last open. */
  held: Branch
}

/** Pull requests of one repository in memory; the contract suite holds them to what GitHub does. */
export interface MemoryProposals extends Proposals {
  readonly pulls: readonly MemoryPull[]
  branch(name: string): Branch | null
  /** A person closes one, merges one, or commits on its branch. */
  closeByHand(number: number): void
  mergeByHand(number: number): Promise<void>
  commitByHand(branch: string): void
  /** What checks say of every commit from now on. */
  tell(state: ChecksState): void
  /** The next call throws this. */
  failNext(error: Error): void
  /** Calls that write, in order. */
  readonly writes: readonly string[]
}

export function createMemoryProposals(git: MemoryGit): MemoryProposals {
  const branches = new Map<string, Branch>()
  const pulls: MemoryPull[] = []
  const writes: string[] = []
  let checks: ChecksState = { outcome: 'waits', reason: 'no check was told yet' }
  let failure: Error | null = null

  const begin = (signal: AbortSignal, write?: string): void => {
    if (signal.aborted) throw new MagosError('interrupted', 'Use pull requests: interrupted')
    const thrown = failure
    failure = null
    if (thrown !== null) throw thrown
    if (write !== undefined) writes.push(write)
  }
  const pullOf = (number: number): MemoryPull => {
    const found = pulls[number - 1]
    if (found === undefined) throw new MagosError('not-found', `Read #${number}: there is none`)
    return found
  }
  const conflictsOf = ({ state, held }: MemoryPull): PullRequest['conflicts'] => {
    if (state !== 'open') return 'unknown'
    const changed = held.files.some(({ path }) => git.text(path) !== git.text(path, held.parent))
    return changed ? 'some' : 'none'
  }
  const shapeOf = (pull: MemoryPull): PullRequest => {
    const { number, branch, title, body, state, held } = pull
    const url = `https://github.example/pull/${number}`
    const { commit: head, tip, message } = held
    const conflicts = conflictsOf(pull)
    return { number, url, branch, state, title, body, head, tip, message, conflicts }
  }
  const openOf = (branch: string): MemoryPull | undefined =>
    pulls.find((pull) => pull.branch === branch && pull.state === 'open')
  const setBranch = (name: string, branch: Branch): void => {
    branches.set(name, branch)
    const open = openOf(name)
    if (open !== undefined) open.held = branch
  }
  const removeBranch = (name: string, commit: string): void => {
    if (branches.get(name)?.commit === commit) branches.delete(name)
  }
  const merge = async (pull: MemoryPull, message: string): Promise<string | null> => {
    const parent = await git.head(new AbortController().signal)
    const proposal = { parent, message, files: pull.held.files }
    const made = await git.commit(proposal, new AbortController().signal)
    if (made.outcome !== 'committed') return null
    pull.state = 'merged'
    return made.revision.commit
  }

  return {
    pulls,
    writes,
    branch: (name) => branches.get(name) ?? null,
    async open(prefix, signal) {
      begin(signal)
      return pulls
        .filter(({ state, branch }) => state === 'open' && branch.startsWith(prefix))
        .toReversed()
        .map(shapeOf)
    },
    async past(branch, signal) {
      begin(signal)
      return pulls
        .filter((pull) => pull.branch === branch && pull.state !== 'open')
        .toReversed()
        .map(shapeOf)
    },
    async propose(proposal, signal) {
      begin(signal, `propose ${proposal.branch}`)
      const outcome = point(proposal)
      if (outcome !== null) return outcome
      const { title, body, branch, labels, reviewers } = proposal
      const open = openOf(branch)
      if (open !== undefined) {
        Object.assign(open, { title, body })
        return { outcome: 'updated', number: open.number, url: shapeOf(open).url }
      }
      const held = branches.get(branch)
      if (held === undefined) throw new Error(`The branch ${branch} is not there`)
      const number = pulls.length + 1
      const pull: MemoryPull = {
        number,
        branch,
        labels,
        reviewers,
        title,
        body,
        held,
        comments: [],
        state: 'open',
      }
      pulls.push(pull)
      return { outcome: 'opened', number, url: shapeOf(pull).url }
    },
    async close({ number, tip, branch, head }, { body, comment }, signal) {
      begin(signal, `close #${number}`)
      const pull = pullOf(number)
      Object.assign(pull, { state: 'closed', body })
      pull.comments.push(comment)
      if (tip === 'ours') removeBranch(branch, head)
    },
    async checks(_commit, signal) {
      begin(signal)
      return checks
    },
    async merge({ number, head, message }, signal) {
      begin(signal, `merge #${number}`)
      const pull = pullOf(number)
      const reason = refusalOf(pull, head)
      if (reason !== null) return { outcome: 'refused', reason }
      const [subject = '', ...rest] = (message ?? pull.title).trimEnd().split('\n')
      const commit = await merge(pull, [`${subject} (#${number})`, ...rest, ''].join('\n'))
      if (commit === null) return { outcome: 'refused', reason: 'Pull Request is not mergeable' }
      removeBranch(pull.branch, head)
      return { outcome: 'merged', commit }
    },
    async tidy(prefix, signal) {
      begin(signal)
      const done = [...branches].filter(([name, { commit }]) => {
        const newest = pulls.findLast(({ branch, state }) => branch === name && state !== 'open')
        return (
          name.startsWith(prefix) && newest?.state === 'merged' && newest.held.commit === commit
        )
      })
      for (const [name] of done) branches.delete(name)
      return done.map(([name]) => name)
    },
    closeByHand(number) {
      pullOf(number).state = 'closed'
    },
    async mergeByHand(number) {
      const pull = pullOf(number)
      await merge(pull, pull.held.message ?? pull.title)
    },
    commitByHand(name) {
      const before = branches.get(name)
      if (before === undefined) throw new Error(`No branch ${name}`)
      setBranch(name, { ...before, commit: idOf(before.commit, 'by hand'), tip: 'foreign' })
    },
    tell(state) {
      checks = state
    },
    failNext(error) {
      failure = error
    },
  }

  function point({ branch, commit }: PullProposal): ProposalOutcome | null {
    const { parent, message, files } = commit
    if (branches.get(branch)?.tip === 'foreign') {
      return { outcome: 'held', reason: `"${branch}" holds a commit`, remedy: 'Merge it' }
    }
    if (files.every(({ path, content }) => git.text(path, parent.commit) === content)) {
      return { outcome: 'empty' }
    }
    const id = idOf(parent.commit, JSON.stringify([message, files]))
    setBranch(branch, { commit: id, parent: parent.commit, message, files, tip: 'ours' })
    return null
  }

  function refusalOf(pull: MemoryPull, head: string): string | null {
    if (pull.state !== 'open') return 'Pull Request is not mergeable'
    if (pull.held.commit !== head)
      return 'Head branch was modified. Review and try the merge again.'
    return conflictsOf(pull) === 'some' ? 'Pull Request has merge conflicts' : null
  }
}

function idOf(...parts: readonly string[]): string {
  return createHash('sha1').update(parts.join('\0')).digest('hex')
}
