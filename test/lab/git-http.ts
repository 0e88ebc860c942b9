import { existsSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { execa } from 'execa'

export type GitService = 'git-upload-pack' | 'git-receive-pack'

/**
 * `true`: this user may. `anonymous`: anybody may, read-only unless the repository's own configuration says otherwise.
 * `false`: 401, so that git asks for (other) credentials. `forbidden` 403 and `not-found` 404 end it at once.
 */
export type GitAccess = boolean | 'anonymous' | 'forbidden' | 'not-found'

export interface GitServerOptions {
  /** Directory under which the bare repositories lie, as `NAME.git` or `OWNER/NAME.git`. */
  readonly root: string
  /** Asked for every request; both strings are empty where no credentials were sent. `repoPath` ends in `.git`. */
  authorize(
    username: string,
    password: string,
    repoPath: string,
    service: GitService,
  ): GitAccess | Promise<GitAccess>
}

/** Resolves when the answer is sent in full. It never rejects: what goes wrong is answered with 500. */
export type GitListener = (request: IncomingMessage, response: ServerResponse) => Promise<void>

const routes =
  /^\/((?:[\w.-]+\/)?[\w.-]+?)(?:\.git)?\/(info\/refs|git-upload-pack|git-receive-pack)$/u

/** Whether a path belongs to git's smart HTTP protocol. */
export function isGitPath(pathname: string): boolean {
  return routes.test(pathname)
}

/** Git's smart HTTP over the bare repositories below `root`: https://git-scm.com/docs/git-http-backend */
export function serveGit(options: GitServerOptions): GitListener {
  const { root } = options
  return async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://git.invalid')
    const [, name, endpoint] = routes.exec(url.pathname) ?? []
    if (name === undefined || endpoint === undefined || name.split('/').includes('..')) {
      refuse(response, 404, 'Not Found')
      return
    }
    const repoPath = `${name}.git`
    const service = serviceOf(endpoint, url.searchParams)
    const { username, password } = basicCredentials(request.headers.authorization)
    const access = await options.authorize(username, password, repoPath, service)
    if (access === false) {
      response.setHeader('www-authenticate', 'Basic realm="Git"')
      refuse(response, 401, 'Authentication required')
    } else if (access === 'forbidden') refuse(response, 403, `Permission to ${name} denied`)
    else if (access === 'not-found' || !existsSync(join(root, repoPath))) {
      refuse(response, 404, 'Repository not found.')
    } else {
      const user = access === true ? username : ''
      await runBackend(request, response, { root, user, path: `/${repoPath}/${endpoint}`, url })
    }
  }
}

function serviceOf(endpoint: string, query: URLSearchParams): GitService {
  const asked = endpoint === 'info/refs' ? query.get('service') : endpoint
  return asked === 'git-receive-pack' ? 'git-receive-pack' : 'git-upload-pack'
}

/** What a Basic `authorization` header holds; empty strings where there is none. */
export function basicCredentials(authorization = ''): { username: string; password: string } {
  const encoded = /^Basic (\S+)$/iu.exec(authorization)?.[1] ?? ''
  const [username = '', ...rest] = Buffer.from(encoded, 'base64').toString('utf8').split(':')
  return { username, password: rest.join(':') }
}

function refuse(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${message}\n`)
}

interface BackendCall {
  readonly root: string
  readonly user: string
  readonly path: string
  readonly url: URL
}

async function runBackend(
  request: IncomingMessage,
  response: ServerResponse,
  call: BackendCall,
): Promise<void> {
  const child = execa('git', ['http-backend'], {
    env: backendEnvironment(request, call),
    extendEnv: false,
    buffer: false,
    reject: false,
    stdin: 'pipe',
    encoding: 'buffer',
  })
  response.once('close', () => child.kill())
  child.stderr.resume()
  // A backend that answers before it read everything closes its end: that is no error of ours.
  const sent = pipeline(request, child.stdin).catch(() => undefined)
  try {
    await pipeline(child.stdout, async (chunks: AsyncIterable<Buffer>) => {
      await forwardCgi(chunks, response)
    })
  } catch {
    if (!response.headersSent) refuse(response, 500, 'git http-backend failed')
    else response.destroy()
  }
  await Promise.all([child, sent])
}

function backendEnvironment(
  request: IncomingMessage,
  { root, user, path, url }: BackendCall,
): Record<string, string> {
  const { headers } = request
  const protocol = headers['git-protocol']
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: root,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_PROJECT_ROOT: root,
    GIT_HTTP_EXPORT_ALL: '1',
    REQUEST_METHOD: request.method ?? 'GET',
    PATH_INFO: path,
    QUERY_STRING: url.search.slice(1),
    CONTENT_TYPE: headers['content-type'] ?? '',
    HTTP_CONTENT_ENCODING: headers['content-encoding'] ?? '',
    REMOTE_ADDR: request.socket.remoteAddress ?? '127.0.0.1',
    ...(headers['content-length'] === undefined
      ? {}
      : { CONTENT_LENGTH: headers['content-length'] }),
    ...(typeof protocol === 'string' ? { GIT_PROTOCOL: protocol } : {}),
    // A known user is what makes the backend accept pushes.
    ...(user === '' ? {} : { REMOTE_USER: user }),
  }
}

/** Splits the CGI header from the body and passes both on. */
async function forwardCgi(chunks: AsyncIterable<Buffer>, response: ServerResponse): Promise<void> {
  let head: Buffer | null = Buffer.alloc(0)
  for await (const chunk of chunks) {
    if (head === null) {
      await write(response, chunk)
      continue
    }
    head = Buffer.concat([head, chunk])
    const end = head.indexOf('\r\n\r\n')
    if (end === -1) continue
    writeHead(response, head.subarray(0, end).toString('latin1'))
    const rest = head.subarray(end + 4)
    head = null
    if (rest.length > 0) await write(response, rest)
  }
  if (head !== null) throw new Error('git http-backend ended without a header')
  response.end()
  if (!response.writableFinished) await settle(response, 'finish')
}

function writeHead(response: ServerResponse, head: string): void {
  let status = 200
  for (const line of head.split('\r\n')) {
    const colon = line.indexOf(':')
    const [name, value] = [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
    if (name === 'status') status = Number.parseInt(value, 10)
    else response.setHeader(name, value)
  }
  response.writeHead(status)
}

async function write(response: ServerResponse, chunk: Buffer): Promise<void> {
  if (!response.write(chunk)) await settle(response, 'drain')
}

/** Whoever asked may go away at any time, and then nothing but the close comes. */
async function settle(response: ServerResponse, event: 'drain' | 'finish'): Promise<void> {
  if (response.destroyed) return
  await new Promise<void>((resolve) => {
    const done = (): void => {
      response.off(event, done).off('close', done)
      resolve()
    }
    response.on(event, done).on('close', done)
  })
}
