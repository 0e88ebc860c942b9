import { ApiError } from './api-error.ts'
import type { Answer } from './api-error.ts'
import type { Caller } from './auth.ts'
import type { Deliveries } from './deliveries.ts'
import type { JsonObject } from './json.ts'
import type { Limiter } from './limits.ts'
import type { Operation } from './operations.ts'
import type { RepositoryRecord, State } from './state.ts'

/** What a handler works with beside the call itself. */
export interface Lab {
  readonly state: State
  readonly deliveries: Deliveries
  readonly limiter: Limiter
}

/** One call whose caller may make it and whose parameters and body fit GitHub's description. */
export interface Call {
  readonly operation: Operation
  readonly url: URL
  readonly parameters: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  readonly body: JsonObject
  readonly caller: Caller
  readonly repository: RepositoryRecord | null
  readonly freshness: 'current' | 'stale'
}

export type Handler = (lab: Lab, call: Call) => Answer | Promise<Answer>

/** The handlers of one part of the API; all parts together serve every operation. */
export type Handlers<Prefix extends string> = {
  readonly [Name in Extract<Operation, Prefix>]: Handler
}

export function repositoryOf({ repository }: Call): RepositoryRecord {
  if (repository === null) throw new ApiError(404, 'Not Found')
  return repository
}

export function parameter({ parameters }: Call, name: string): string {
  const value = parameters[name]
  if (value === undefined) throw new Error(`The path has no parameter ${name}`)
  return value
}
