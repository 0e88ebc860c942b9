import type { IncomingMessage, ServerResponse } from 'node:http'
import { basicCredentials, isGitPath, serveGit } from '../git-http.ts'
import type { GitAccess, GitService } from '../git-http.ts'
import { authorize } from './access.ts'
import { ApiError } from './api-error.ts'
import type { Answer } from './api-error.ts'
import { authenticate, callerAccount, tokenPermissions } from './auth.ts'
import type { Caller } from './auth.ts'
import type { Call, Handler, Lab } from './call.ts'
import type { Description, Matched } from './description.ts'
import type { Fault, FaultPlan } from './faults.ts'
import { isObject, parseJson } from './json.ts'
import type { Json } from './json.ts'
import type { Operation } from './operations.ts'
import { announceMove } from './refs.ts'
import { appRoutes } from './routes-app.ts'
import { checkRoutes } from './routes-checks.ts'
import { deploymentRoutes } from './routes-deployments.ts'
import { compareRoutes } from './routes-compare.ts'
import { gitRoutes } from './routes-git.ts'
import { issueRoutes } from './routes-issues.ts'
import { metaRoutes } from './routes-meta.ts'
import { pullRoutes } from './routes-pulls.ts'
import { repositoryRoutes } from './routes-repository.ts'
import { allows, findRepository } from './state.ts'
import type { RepositoryRecord, State } from './state.ts'

/** One request that reached the lab. */
export interface SeenRequest {
  readonly method: string
  /** As it came, undecoded, without the query. */
  readonly path: string
  readonly query: string
  /** null for git's own protocol. */
  readonly operation: Operation | null
  readonly body: Json | undefined
  readonly caller: Caller['kind'] | 'git'
  readonly at: number
  /** 0 where no answer was given. */
  status: number
}

export interface ServerParts {
  readonly lab: Lab
  readonly root: string
  readonly description: Description
  readonly faults: FaultPlan
  readonly requests: SeenRequest[]
  readonly violate: (problem: string) => void
}

const handlers: Readonly<Record<Operation, Handler>> = {
  ...appRoutes,
  ...checkRoutes,
  ...compareRoutes,
  ...deploymentRoutes,
  ...gitRoutes,
  ...issueRoutes,
  ...metaRoutes,
  ...pullRoutes,
  ...repositoryRoutes,
}

/** GitHub's API and its git over HTTP on one address. */
export function createListener(
  parts: ServerParts,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const git = createGitHandler(parts)
  return async (request, response) => {
    const url = new URL(request.url ?? '/', parts.lab.state.url)
    // GitHub Enterprise Server has its API below this path.
    url.pathname = url.pathname.replace(/^\/api\/v3(?=\/)/u, '')
    const method = request.method ?? 'GET'
    const fault = parts.faults.take(method, url.pathname)
    if (fault?.when === 'before' && fault.do !== 'stale') {
      parts.requests.push(seen(parts, { method, url, body: undefined, matched: null }))
      suffer(fault, response)
    } else if (isGitPath(url.pathname)) await git(request, response, url)
    else await serveApi(parts, { request, response, url, method, fault })
  }
}

function seen(
  { lab }: ServerParts,
  call: { method: string; url: URL; body: Json | undefined; matched: Matched | null },
): SeenRequest {
  const { method, url, body, matched } = call
  return {
    method,
    path: url.pathname,
    query: url.search,
    operation: matched?.operation ?? null,
    body,
    caller: 'nobody',
    at: lab.state.now(),
    status: 0,
  }
}

function suffer(fault: Fault, response: ServerResponse): void {
  if (fault.do === 'reset') response.destroy()
  if (fault.do !== 'status') return
  const { status, message, headers } = fault
  send(response, {
    status,
    headers,
    body: { message, documentation_url: 'https://docs.github.com/rest', status: String(status) },
  })
}

function send(response: ServerResponse, { status, body, headers = {} }: Answer): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  if (body === undefined) {
    response.writeHead(status).end()
    return
  }
  response
    .writeHead(status, { 'content-type': 'application/json; charset=utf-8' })
    .end(JSON.stringify(body))
}

// ---------------------------------------------------------------- API

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly url: URL
  readonly method: string
  readonly fault: Fault | null
}

async function serveApi(parts: ServerParts, exchange: Exchange): Promise<void> {
  const { request, response, url, method, fault } = exchange
  const matched = parts.description.match(method, url.pathname)
  const text = await readText(request)
  const body = text === '' ? undefined : parseJson(text)
  const record = seen(parts, { method, url, body, matched })
  parts.requests.push(record)
  const answer = await answerApi(parts, { ...exchange, matched, text, body, record })
  record.status = answer.status
  if (fault?.when === 'after' && fault.do !== 'stale') suffer(fault, response)
  else send(response, answer)
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString('utf8')
}

async function answerApi(
  parts: ServerParts,
  call: Exchange & {
    matched: Matched | null
    text: string
    body: Json | undefined
    record: SeenRequest
  },
): Promise<Answer> {
  const { matched, method, url, text, body } = call
  const violation = (problems: readonly string[]): Answer => {
    const told = problems.map((problem) => `${method} ${url.pathname}: ${problem}`)
    told.forEach(parts.violate)
    return { status: 500, body: { message: `Outside GitHub's description: ${told.join('; ')}` } }
  }
  if (matched === null) return violation(['the lab serves no such operation'])
  if (text !== '' && body === undefined) return violation(['the body is no JSON'])
  const query = url.searchParams
  const problems = parts.description.request({ ...matched, query, body })
  if (problems.length > 0) return violation(problems)
  const answer = await handle(parts, { ...call, matched })
  const wrong = parts.description.answer(matched.operation, answer.status, answer.body)
  return wrong.length > 0 ? violation(wrong.map((problem) => `answer ${problem}`)) : answer
}

async function handle(
  { lab }: ServerParts,
  call: Exchange & { matched: Matched; body: Json | undefined; record: SeenRequest },
): Promise<Answer> {
  const { request, matched, url, body, record, fault } = call
  const { operation, parameters } = matched
  try {
    const caller = authenticate(lab.state, request.headers.authorization)
    Object.assign(record, { caller: caller.kind })
    const repository = findRepository(
      lab.state,
      parameters['owner'] ?? '',
      parameters['repo'] ?? '',
    )
    authorize(operation, caller, repository)
    const limits = count(lab, caller, call.method)
    const known: Call = {
      operation,
      url,
      parameters,
      query: url.searchParams,
      body: isObject(body) ? body : {},
      caller,
      repository,
      freshness: fault?.do === 'stale' ? 'stale' : 'current',
    }
    const answer = await handlers[operation](lab, known)
    return { ...answer, headers: { ...limits, ...answer.headers } }
  } catch (error) {
    if (error instanceof ApiError) return error.answer()
    throw error
  }
}

/** Counts an installation's calls; minting and other calls of the App itself have limits of their own. */
function count(lab: Lab, caller: Caller, method: string): Readonly<Record<string, string>> {
  if (caller.kind !== 'installation') return {}
  const key = String(caller.token.installation.id)
  lab.limiter.count(key, method === 'GET' ? 'read' : 'write')
  return lab.limiter.headers(key)
}

// ---------------------------------------------------------------- git over HTTP

type GitHandler = (request: IncomingMessage, response: ServerResponse, url: URL) => Promise<void>

function createGitHandler(parts: ServerParts): GitHandler {
  const { lab, root } = parts
  const serve = serveGit({
    root,
    authorize: (_username, password, path, service) =>
      gitAccess(lab.state, password, path, service),
  })
  return async (request, response, url) => {
    const record = {
      ...seen(parts, { method: request.method ?? '', url, body: undefined, matched: null }),
      caller: 'git' as const,
    }
    parts.requests.push(record)
    response.once('finish', () => {
      record.status = response.statusCode
    })
    const repository = repositoryOfPath(lab.state, url.pathname)
    const pushes = request.method === 'POST' && url.pathname.endsWith('/git-receive-pack')
    if (repository === null || !pushes) await serve(request, response)
    else {
      const { password } = basicCredentials(request.headers.authorization)
      await repository.exclusively(async () => {
        const before = new Map(
          (await repository.git.refs('refs/')).map(({ name, sha }) => [name, sha]),
        )
        await serve(request, response)
        await announcePush(lab, repository, before, password)
      })
    }
  }
}

function repositoryOfPath(state: State, path: string): RepositoryRecord | null {
  const [, owner = '', name = ''] = path.split('/')
  return findRepository(state, owner, name.replace(/\.git$/u, ''))
}

/** Who may clone and push: the same tokens as for the API, as the password. */
function gitAccess(state: State, password: string, path: string, service: GitService): GitAccess {
  const repository = repositoryOfPath(state, `/${path}`)
  if (password === state.personToken) return repository === null ? 'not-found' : true
  const reads = service === 'git-upload-pack'
  if (password === '') {
    return repository?.visibility === 'public' && reads ? 'anonymous' : false
  }
  try {
    const caller = authenticate(state, `token ${password}`)
    if (caller.kind !== 'installation') return false
    const granted = repository === null ? {} : tokenPermissions(caller.token, repository)
    if (allows(granted, 'contents', reads ? 'read' : 'write')) return true
    return allows(granted, 'metadata', 'read') ? 'forbidden' : 'not-found'
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    return error.status === 404 ? 'not-found' : false
  }
}

async function announcePush(
  lab: Lab,
  repository: RepositoryRecord,
  before: ReadonlyMap<string, string>,
  password: string,
): Promise<void> {
  const after = new Map((await repository.git.refs('refs/')).map(({ name, sha }) => [name, sha]))
  const caller = password === '' ? null : authenticate(lab.state, `token ${password}`)
  const by = caller === null ? lab.state.person : callerAccount(lab.state, caller)
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    const move = { name, before: before.get(name) ?? null, after: after.get(name) ?? null }
    await announceMove(lab, repository, move, by)
  }
}
