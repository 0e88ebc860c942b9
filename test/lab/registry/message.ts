/** What a client sent, whole. */
export interface LabRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Uint8Array
}

/** What the registry answers. */
export interface LabAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

/** An error as the distribution specification writes it. */
export function errorAnswer(status: number, code: string, message: string): LabAnswer {
  return jsonAnswer(status, { errors: [{ code, message, detail: null }] })
}

export function jsonAnswer(
  status: number,
  document: unknown,
  headers: Readonly<Record<string, string>> = {},
): LabAnswer {
  const body = JSON.stringify(document)
  return { status, headers: { 'content-type': 'application/json', ...headers }, body }
}
