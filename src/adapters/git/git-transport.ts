import type { GitHttpRequest, GitHttpResponse, HttpClient } from 'isomorphic-git'
import { MagosError } from '../../domain/error.ts'
import type { Http } from '../../host/http.ts'
import { targetOf } from '../../host/target.ts'
import type { HttpResponse } from '../../host/http-exchange.ts'

/** Gives the password of `x-access-token`; `refresh` when the last one was refused. */
export type GitToken = (
  signal: AbortSignal,
  options: { readonly refresh: boolean },
) => Promise<string>

export interface GitTransportOptions {
  readonly url: URL
  /** null: nobody is asked who we are. */
  readonly token: GitToken | null
  readonly http: Pick<Http, 'request'>
  /** ms for one whole pack; default 5 minutes. */
  readonly timeout?: number
  /** Bytes of one answer; default 512 MiB. */
  readonly maxBytes?: number
}

/** Git's smart HTTP for isomorphic-git, bounded in time and size; the signal is that of the operation under way. */
export type GitTransport = (signal: AbortSignal) => HttpClient

/**
 * Authorizes beforehand, for the repository's own origin only, and once anew when a token is refused. A repository that
 * moved within its server is followed, anything that points elsewhere is refused. Throws `network`, `unauthorized`,
 * `not-found`, `rate-limit`, `protocol`.
 */
export function createGitTransport({
  url,
  token,
  http,
  timeout = 300_000,
  maxBytes = 512 << 20,
}: GitTransportOptions): GitTransport {
  const given = trimmed(url)
  // Where the repository was last found.
  let base = given
  const exchange = async (
    target: URL,
    { method = 'GET', headers = {} }: GitHttpRequest,
    body: Uint8Array | null,
    signal: AbortSignal,
    refresh: boolean,
  ): Promise<HttpResponse> =>
    await http.request({
      method: method === 'POST' ? 'POST' : 'GET',
      target: targetOf(target),
      headers: { ...headers, ...(await authorization(token, signal, refresh)) },
      ...(body === null ? {} : { body }),
      maxBody: maxBytes,
      timeout,
      signal,
    })
  const follow = async (
    request: GitHttpRequest,
    body: Uint8Array | null,
    signal: AbortSignal,
  ): Promise<GitHttpResponse> => {
    const suffix = request.url.slice(given.length)
    for (let redirects = 0; redirects < 4; redirects += 1) {
      const target = new URL(base + suffix)
      let response = await exchange(target, request, body, signal, false)
      if (response.status === 401 && token !== null) {
        response = await exchange(target, request, body, signal, true)
      }
      if (response.status < 300 || response.status > 399) return answer(target, response)
      base = movedBase(target, response.headers['location'], suffix)
    }
    throw new MagosError('network', `Reach "${given}": the server redirects without an end`)
  }
  return (signal) => ({
    request: async (request) => await follow(request, await collected(request.body), signal),
  })
}

/** A URL for messages: without user, password and query. */
export function plainUrl(url: URL): string {
  return `${url.origin}${url.pathname}`
}

function trimmed(url: URL): string {
  return plainUrl(url).replace(/\/+$/u, '')
}

async function authorization(
  token: GitToken | null,
  signal: AbortSignal,
  refresh: boolean,
): Promise<Record<string, string>> {
  if (token === null) return {}
  const password = await token(signal, { refresh })
  return { authorization: `Basic ${Buffer.from(`x-access-token:${password}`).toString('base64')}` }
}

async function collected(
  body: AsyncIterable<Uint8Array> | Iterable<Uint8Array> | undefined,
): Promise<Uint8Array | null> {
  if (body === undefined) return null
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

function answer(target: URL, { status, headers, body }: HttpResponse): GitHttpResponse {
  if (status !== 200) throw refusal(target, status, headers)
  return {
    url: target.href,
    headers: { ...headers },
    body: oneChunk(body),
    statusCode: status,
    statusMessage: '',
  }
}

async function* oneChunk(body: Uint8Array): AsyncIterableIterator<Uint8Array> {
  yield body
}

/** A renamed repository lies elsewhere on the same server; only there may the credential go. */
function movedBase(target: URL, location: string | undefined, suffix: string): string {
  const next = location === undefined ? null : URL.parse(location, target.href)
  if (next !== null && next.origin === target.origin && next.href.endsWith(suffix)) {
    return next.href.slice(0, -suffix.length)
  }
  const place = next === null ? 'nowhere' : `"${plainUrl(next)}"`
  throw new MagosError('network', `Reach "${plainUrl(target)}": the server points to ${place}`, {
    remedy: 'Set MD_REPO to where the repository is now',
  })
}

function refusal(
  target: URL,
  status: number,
  headers: Readonly<Record<string, string>>,
): MagosError {
  const action = `Fetch from "${plainUrl(target)}"`
  if (status === 401) {
    return new MagosError('unauthorized', `${action}: the server does not accept our token`, {
      remedy: "Check GITHUB_APP_ID, GITHUB_APP_PRIVATE_KEY and this machine's clock",
    })
  }
  if (status === 403) {
    return new MagosError('unauthorized', `${action}: access is denied`, {
      remedy: 'Give the GitHub App the permission "Contents" on this repository',
    })
  }
  if (status === 404) {
    return new MagosError(
      'not-found',
      `${action}: there is no such repository, or we may not see it`,
      {
        remedy: 'Check MD_REPO, and that the GitHub App is installed on the repository',
      },
    )
  }
  if (status === 429) {
    const seconds = Number(headers['retry-after'] ?? Number.NaN)
    const retryAt = Number.isFinite(seconds) ? { retryAt: Date.now() + seconds * 1000 } : undefined
    return new MagosError('rate-limit', `${action}: too many requests`, retryAt)
  }
  return new MagosError('network', `${action}: the server answers ${status}`)
}
