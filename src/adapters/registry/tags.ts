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

/** Bytes of answers that are remembered, to know the same ones again. */
const maxRemembered = 16 * 1024 * 1024

/** Lists tags: https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-tags */
export interface TagLists {
  /**
   * All tags over all pages, each once, in the registry's order. Where every page says what it said last time the very
   * same list is returned, so that nobody has to look at it again.
   */
  list(name: RepositoryName, signal: AbortSignal): Promise<readonly string[]>
}

/** One page as it came. */
interface Page {
  readonly query: string
  readonly body: Uint8Array
  readonly tags: readonly string[]
  readonly next: string | null
}

interface Listed {
  readonly pages: readonly Page[]
  readonly tags: readonly string[]
  readonly bytes: number
}

export function createTagLists(client: Client, now: () => number): TagLists {
  const lists = new Map<string, Listed>()
  let bytes = 0
  const forget = (key: string) => {
    bytes -= lists.get(key)?.bytes ?? 0
    lists.delete(key)
  }
  return {
    async list(name, signal) {
      const key = `${name.registry}/${name.repository}`
      const before = lists.get(key)
      const pages = await readPages({ client, now }, name, before?.pages ?? [], signal)
      if (before !== undefined && isSame(before.pages, pages)) return before.tags
      forget(key)
      const listed = join(pages)
      bytes += listed.bytes
      lists.set(key, listed)
      for (const oldest of lists.keys()) {
        if (bytes <= maxRemembered) break
        forget(oldest)
      }
      return listed.tags
    },
  }
}

function isSame(before: readonly Page[], now: readonly Page[]): boolean {
  return before.length === now.length && now.every((page, index) => page === before[index])
}

function join(pages: readonly Page[]): Listed {
  const [only] = pages
  const bytes = pages.reduce((sum, { body }) => sum + body.byteLength, 0)
  const all =
    pages.length === 1 && only !== undefined ? only.tags : pages.flatMap((page) => page.tags)
  const distinct = new Set(all)
  return { pages, tags: distinct.size === all.length ? all : [...distinct], bytes }
}

interface Listing {
  readonly client: Client
  readonly now: () => number
}

/** The pages in their order; those that are as before are the same objects. */
async function readPages(
  { client, now }: Listing,
  name: RepositoryName,
  before: readonly Page[],
  signal: AbortSignal,
): Promise<readonly Page[]> {
  const action = `Cannot list the tags of "${name.registry}/${name.repository}"`
  const ask = (query: string) => {
    const path = `tags/list${query}`
    const accept = 'application/json'
    return client.ask({ name, method: 'GET', path, accept, maxBody: maxPageBody, action }, signal)
  }
  const pages: Page[] = []
  const seen = new Set<string>()
  let count = 0
  let query: string | null = `?n=${pageSize}`
  while (query !== null) {
    seen.add(query)
    let reply: Reply = await ask(query)
    // Some registries refuse a page of that size instead of sending a smaller one.
    if (seen.size === 1 && [400, 405].includes(reply.answer.status)) reply = await ask('')
    if (reply.answer.status !== 200) throw failureOf(reply.attempt, reply.answer, now())
    const page: Page = recognise(before[pages.length], query, reply)
    pages.push(page)
    count += page.tags.length
    if (count > maxTags) throw nonsense(reply.attempt, `there are more than ${maxTags} tags`)
    query = page.next
    if (query === null) break
    if (seen.has(query)) throw nonsense(reply.attempt, 'its pages lead back to a page already read')
    if (seen.size >= maxPages)
      throw nonsense(reply.attempt, `there are more than ${maxPages} pages`)
  }
  return pages
}

function recognise(before: Page | undefined, query: string, reply: Reply): Page {
  const { body } = reply.answer
  const next = nextQuery(reply)
  const isKnown =
    before?.query === query && before.next === next && Buffer.compare(before.body, body) === 0
  if (isKnown) return before
  // A copy: what came may be a small part of a large piece of memory.
  return { query, body: new Uint8Array(body), tags: readPage(reply), next }
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
