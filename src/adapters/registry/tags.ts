import { MagosError } from '../../domain/error.ts'
import type { RepositoryName } from '../../ports.ts'
import type { Client, Reply } from './client.ts'
import { bodyText } from './body-text.ts'
import { failureOf, nonsense } from './failure.ts'
import { nextLink } from './link.ts'

// ECR refuses more than a thousand, Docker Hub sends everything where none is named.
const pageSize = 1000
const maxPages = 100
const maxTags = 100_000
const maxPageBody = 8 * 1024 * 1024

/** All tags over all pages, each once, in the registry's order: https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-tags */
export async function listTags(
  client: Client,
  name: RepositoryName,
  now: () => number,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const action = `Cannot list the tags of "${name.registry}/${name.repository}"`
  const ask = (query: string) => {
    const path = `tags/list${query}`
    const accept = 'application/json'
    return client.ask({ name, method: 'GET', path, accept, maxBody: maxPageBody, action }, signal)
  }
  let tags = new Set<string>()
  const seen = new Set<string>()
  let query: string | null = `?n=${pageSize}`
  while (query !== null) {
    seen.add(query)
    let reply: Reply = await ask(query)
    // Some registries refuse a page of that size instead of sending a smaller one.
    if (seen.size === 1 && [400, 405].includes(reply.answer.status)) reply = await ask('')
    if (reply.answer.status !== 200) throw failureOf(reply.attempt, reply.answer, now())
    const page = readPage(reply)
    if (tags.size === 0) tags = new Set(page)
    else for (const tag of page) tags.add(tag)
    if (tags.size > maxTags) throw nonsense(reply.attempt, `there are more than ${maxTags} tags`)
    query = nextQuery(reply)
    if (query === null) break
    if (seen.has(query)) throw nonsense(reply.attempt, 'its pages lead back to a page already read')
    if (seen.size >= maxPages)
      throw nonsense(reply.attempt, `there are more than ${maxPages} pages`)
  }
  return [...tags]
}

const tagGrammar = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/

function readPage({ answer, attempt }: Reply): readonly string[] {
  const document = parse(answer.headers, bodyText(answer), (reason) => nonsense(attempt, reason))
  const isObject = typeof document === 'object' && document !== null
  const tags: unknown = isObject && 'tags' in document ? document.tags : undefined
  if (!Array.isArray(tags)) throw nonsense(attempt, 'the answer has no list of tags')
  if (tags.every(isTag)) return tags
  throw nonsense(attempt, 'the answer lists something that is no tag')
}

function isTag(tag: unknown): tag is string {
  return typeof tag === 'string' && tagGrammar.test(tag)
}

function parse(
  headers: Readonly<Record<string, string>>,
  text: string,
  fail: (reason: string) => MagosError,
): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    const encoding = headers['content-encoding'] ?? 'identity'
    const reason = encoding === 'identity' ? 'no JSON' : 'compressed although it must not be'
    throw fail(`the answer is ${reason}`)
  }
}

/**
 * Only the query is taken from the link: some registries (Artifactory) name a path that is not theirs, and none may send us to
 * another repository or host with this one's token.
 */
function nextQuery({ answer, attempt }: Reply): string | null {
  const header = answer.headers['link']
  const link = header === undefined ? null : nextLink(header)
  if (link === null) return null
  if (!URL.canParse(link, answer.url.href)) throw nonsense(attempt, 'its next page has no address')
  const target = new URL(link, answer.url)
  if (target.origin !== answer.url.origin) {
    throw nonsense(attempt, `its next page is at another host, "${target.origin}"`)
  }
  return target.search
}
