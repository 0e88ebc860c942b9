import type { Operations } from '../cli/operations.ts'
import type { VersionsAnswer } from '../domain/answer/hold.ts'
import type { RollbackAnswer } from '../domain/answer/sync.ts'
import type { VersionsRequested } from '../domain/event.ts'
import type { Base } from './base.ts'
import { answerOnce, hasLists, isSyncAnswer, readAnswer } from './sync.ts'
import { userName } from './user-name.ts'

/** What a person has committed: by the process that works the data directory, or by this one where nobody does. */
export function committingOperations(
  base: Base,
  signal: AbortSignal,
): Pick<Operations, 'rollback' | 'holdVersions' | 'releaseVersions'> {
  const by = userName()
  const versions = async (action: VersionsRequested['action'], image: string, reason: string) => {
    const event = { kind: 'versions-requested', action, image, reason, by } as const
    return readAnswer(await answerOnce(base, event, signal), isVersionsAnswer)
  }
  return {
    async rollback(stack, to) {
      const event = { kind: 'rollback-requested', stack, to, by } as const
      return readAnswer(await answerOnce(base, event, signal), isRollbackAnswer)
    },
    holdVersions: (image, reason) => versions('hold', image, reason),
    releaseVersions: (image, reason) => versions('release', image, reason),
  }
}

function isRollbackAnswer(answer: unknown): answer is RollbackAnswer {
  return isSyncAnswer(answer) && 'to' in answer && hasLists(answer, ['lines'])
}

function isVersionsAnswer(answer: unknown): answer is VersionsAnswer {
  return (
    typeof answer === 'object' &&
    answer !== null &&
    'outcome' in answer &&
    hasLists(answer, ['commits', 'versions'])
  )
}
