import type { Deployment } from '../src/domain/deployment.ts'
import type { FailedState } from '../src/ports.ts'

/** What became of a stack, and whether anybody has to be told. */
export interface StackResult {
  readonly deployment: Deployment
  readonly news: 'news' | 'known'
  /** The state that failed and that git still wants; absent where there is none. */
  readonly failure?: FailedState
}

/** What nobody has to be told of. */
export function settled(deployment: Deployment): StackResult {
  return { deployment, news: 'known' }
}
