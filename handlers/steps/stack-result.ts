import type { Deployment } from '../../src/domain/deployment.ts'
import type { Context } from '../context.ts'
import type { StackResult } from '../stack-result.ts'
import type { RepositoryView } from '../views.ts'

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
