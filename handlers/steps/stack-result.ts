import type { Deployment } from '../../src/domain/deployment.ts'
import type { FailedState } from '../../src/ports.ts'
import type { Context } from '../context.ts'
import type { RepositoryView } from '../views.ts'

/** What became of a stack, and whether anybody has to be told. */
export interface StackResult {
  readonly deployment: Deployment
  readonly news: 'news' | 'known'
  /** The state that failed and that git still wants; absent where there is none. */
  readonly failure?: FailedState
}

export function news(deployment: Deployment): StackResult {
  return { deployment, news: 'news' }
}

/** What came of this very commit in a pass that did not come to its end was told to nobody. */
export function newsUntold(
  { history }: Context,
  { revision: { commit } }: RepositoryView,
  result: { readonly commit: string },
): StackResult['news'] {
  return result.commit === commit && history.reached() !== commit ? 'news' : 'known'
}
