import { proposalsContract } from '../../contracts/proposals.ts'
import { createMemoryGit } from '../../fakes/memory-git.ts'
import { createMemoryProposals } from '../../fakes/memory-proposals.ts'

proposalsContract('memory', async () => {
  const git = createMemoryGit({ 'app/compose.yaml': 'image: a\n', 'README.md': 'hello\n' })
  const proposals = createMemoryProposals(git)
  const signal = new AbortController().signal
  return {
    proposals,
    head: () => git.head(signal),
    advance: async (path, content) => void git.change({ [path]: content }),
    text: async (path) => git.text(path),
    message: async () => git.log()[0]?.message ?? '',
    tip: async (branch) => proposals.branch(branch)?.commit ?? null,
    close: async (number) => proposals.closeByHand(number),
    merge: (number) => proposals.mergeByHand(number),
    commitOn: async (branch) => proposals.commitByHand(branch),
    async check(_commit, state) {
      const outcomes = { pending: 'waits', success: 'passed', failure: 'failed' } as const
      proposals.tell({ outcome: outcomes[state], reason: state })
    },
    dispose: async () => undefined,
  }
})
