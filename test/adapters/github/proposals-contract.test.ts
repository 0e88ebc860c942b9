import { beforeAll } from 'vitest'
import { proposalsContract } from '../../contracts/proposals.ts'
import { prepareLab } from '../../lab/github/lab.ts'
import type { LabParts } from '../../lab/github/lab.ts'
import { startFixture } from './fixture.ts'

let parts: LabParts
beforeAll(async () => {
  parts = await prepareLab()
})

proposalsContract('GitHub by its REST API', async () => {
  const fixture = await startFixture(parts)
  const { github, repository, lab } = fixture
  const { git } = repository.record
  return {
    proposals: github.proposals,
    head: () => repository.head(),
    advance: async (path, content) => void (await repository.commit([{ path, content }])),
    text: (path) => repository.read(path),
    message: async () => (await git.readCommit((await repository.head()).commit)).message,
    tip: (branch) => git.ref(`refs/heads/${branch}`),
    close: (number) => repository.closePull(number),
    merge: (number) => repository.mergePull(number),
    commitOn: async (branch) => {
      await repository.commit([{ path: 'theirs', content: 'x\n' }], 'theirs', branch)
    },
    async check(sha, state) {
      repository.record.statuses.push({
        id: 1,
        sha,
        state,
        context: 'ci',
        description: null,
        targetUrl: null,
        creator: lab.state.person,
        at: Date.now(),
      })
    },
    dispose: () => fixture.close(),
  }
})
