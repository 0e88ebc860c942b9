import type { Json, JsonObject } from './json.ts'

export interface Answer {
  readonly status: number
  /** Absent: an answer without a body, as 204. */
  readonly body?: Json
  readonly headers?: Readonly<Record<string, string>>
}

/** A refusal in GitHub's own words. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number
  readonly errors: readonly JsonObject[]
  readonly headers: Readonly<Record<string, string>>

  constructor(
    status: number,
    message: string,
    {
      errors = [],
      headers = {},
    }: { errors?: readonly JsonObject[]; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message)
    this.status = status
    this.errors = errors
    this.headers = headers
  }

  answer(): Answer {
    const body: JsonObject = {
      message: this.message,
      ...(this.errors.length > 0 ? { errors: this.errors } : {}),
      documentation_url: 'https://docs.github.com/rest',
      status: String(this.status),
    }
    return { status: this.status, body, headers: this.headers }
  }
}
