import type { HeldImage } from '../../src/domain/answer/check.ts'
import type { Update } from '../../src/domain/update.ts'
import { heldUpdate } from './edit-files.ts'

/** Updates that go by pull request, in a repository that has none: a local one. */
export function withoutPullRequests(updates: readonly Update[]): readonly HeldImage[] {
  const why = {
    reason: 'its updates go by pull request, and this repository has none',
    remedy: 'Set "mode" to "commit", or name a GitHub repository in MD_REPO',
  }
  return updates.map((update) => heldUpdate(update, why))
}
