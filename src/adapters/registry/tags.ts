import { MagosError } from '../../domain/error.ts'
import type { RepositoryName } from '../../ports.ts'
import type { Client, Reply } from './client.ts'
import { bodyText } from './body-text.ts'
import { failureOf, nonsense } from './failure.ts'
import { nextLink } from './link.ts'

// ECR refuses more than a thousand, Docker Hub sends everything where none is named.
const firstQuery = '?n=1000'
const accept = 'application/json'
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
  const keep = (key: string, listed: Listed) => {
    forget(key)
    bytes += listed.bytes
    lists.set(key, listed)
    for (const oldest of lists.keys()) {
      if (bytes <= maxRemembered) break
      forget(oldest)
    }
  }
  return {
    async list(name, signal) {
      const key = `${name.registry}/${name.repository}`
      const action = `Cannot list the tags of "${key}"`
      const inquiry = { name, method: 'GET', accept, maxBody: maxPageBody, action } as const
      const ask = (query: string) => client.ask({ ...inquiry, path: `tags/list${query}` }, signal)
      const known = lists.get(key)
      const pages: Page[] = []
      for (let query: string | null = firstQuery; query !== null;) {
        let reply: Reply = await ask(query)
        // Some registries refuse a page of that size instead of sending a smaller one.
        const isTooLarge = query === firstQuery && [400, 405].includes(reply.answer.status)
        if (isTooLarge) reply = await ask('')
        if (reply.answer.status !== 200) throw failureOf(reply.attempt, reply.answer, now())
        const page: Page = recognise(known?.pages[pages.length], query, reply)
        pages.push(page)
        query = page.next
        refuseEndless(pages, reply)
      }
      if (known !== undefined && isSame(known.pages, pages)) return known.tags
      const listed = join(pages)
      keep(key, listed)
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

function refuseEndless(pages: readonly Page[], { attempt }: Reply): void {
  const count = pages.reduce((sum, { tags }) => sum + tags.length, 0)
  if (count > maxTags) throw nonsense(attempt, `there are more than ${maxTags} tags`)
  const next = pages.at(-1)?.next ?? null
  if (next === null) return
  if (pages.some(({ query }) => query === next)) {
    throw nonsense(attempt, 'its pages lead back to a page already read')
  }
  if (pages.length >= maxPages) throw nonsense(attempt, `there are more than ${maxPages} pages`)
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
  const { origin, path } = answer.from
  const here = origin + path
  if (!URL.canParse(link, here)) throw nonsense(attempt, 'its next page has no address')
  const target = new URL(link, here)
  if (target.origin === origin) return target.search
  throw nonsense(attempt, `its next page is at another host, "${target.origin}"`)
}
