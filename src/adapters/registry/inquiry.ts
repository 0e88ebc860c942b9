import type { RepositoryName } from '../../ports.ts'
import type { Answer, Question } from './exchange.ts'
import type { Attempt } from './failure.ts'

export interface Inquiry {
  readonly name: RepositoryName
  readonly method: 'GET' | 'HEAD'
  /** Below `/v2/REPOSITORY/`, with its query; encoded. */
  readonly path: string
  readonly accept: string
  readonly maxBody: number
  readonly receiver?: Question['receiver'] | undefined
  /** Sentence for messages, without its reason. */
  readonly action: string
}

/** An answer, and what it was asked with. */
export interface Reply {
  readonly answer: Answer
  readonly attempt: Attempt
}
