import type { Deployment } from '../../src/domain/deployment.ts'
import type { Context } from '../context.ts'
import type { StackResult } from '../stack-result.ts'
import type { RepositoryView } from '../views.ts'

export function news(deployment: Deployment): StackResult {
  return { deployment, news: 'news' }
}

/** What came of this very commit in a pass that did not come to its end, in a process that is gone, was told to nobody. */
export function newsUntold(
  { history, views }: Pick<Context, 'history' | 'views'>,
  { revision: { commit } }: RepositoryView,
  result: { readonly stack: string; readonly commit: string },
): StackResult['news'] {
  const isUntold = history.reached() !== commit && !views.wasTold(result.stack, commit)
  return result.commit === commit && isUntold ? 'news' : 'known'
}
