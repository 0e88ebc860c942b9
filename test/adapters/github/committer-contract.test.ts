import { beforeAll } from 'vitest'
import { committerContract } from '../../contracts/committer.ts'
import { prepareLab } from '../../lab/github/lab.ts'
import type { LabParts } from '../../lab/github/lab.ts'
import { startFixture } from './fixture.ts'

let parts: LabParts
beforeAll(async () => {
  parts = await prepareLab()
})

committerContract('GitHub by its Git Data API', async (files) => {
  const fixture = await startFixture(parts, { files })
  const { github, repository } = fixture
  return {
    committer: github.committer,
    gitDir: repository.gitDir,
    branch: repository.branch,
    advance: (theirs) => repository.commit(theirs),
    dispose: () => fixture.close(),
  }
})
