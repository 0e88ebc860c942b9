import type { RepositoryName } from '../../ports.ts'
import type { Client } from './client.ts'
import type { Reply } from './inquiry.ts'
import { failureOf, unusable } from './failure.ts'
import { maxTags, otherWay, readPage, type TagPage } from './tag-page.ts'
import { createTagScanner } from './tag-scanner.ts'

// ECR refuses more than a thousand, Docker Hub sends everything where none is named.
const firstQuery = '?n=1000'
const accept = 'application/json'
/** Quay sends a hundred tags a page, whatever it is asked for. */
const maxPages = 1_000
/** Of all pages together: as many of the longest tags as are taken. */
const maxListBody = 16 * 1024 * 1024
/** ms after which no further page is asked for. */
const longestReading = 60_000

/** Bytes of answers whose tags are remembered, to know the same ones again. */
const maxRemembered = 16 * 1024 * 1024

/** Lists tags: https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-tags */
export interface TagLists {
  /**
   * All tags over all pages, each once, in the registry's order. Where every page says what it said last time the very
   * same list is returned, so that nobody has to look at it again. Throws `registry` for a list without an end.
   */
  list(name: RepositoryName, signal: AbortSignal): Promise<readonly string[]>
}

interface Listed {
  readonly pages: readonly TagPage[]
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
      const known = lists.get(key)
      const begun = now()
      const read = startReading()
      let scanner = createTagScanner([], maxTags)
      // Anew for each answer: a question may be asked again.
      const receiver = () => {
        scanner = createTagScanner(known?.pages[read.pages.length]?.tags ?? [], maxTags)
        return scanner.take
      }
      const inquiry = { name, method: 'GET', accept, maxBody: maxListBody, action } as const
      const ask = (query: string) =>
        client.ask({ ...inquiry, receiver, path: `tags/list${query}` }, signal)
      for (let query: string | null = firstQuery; query !== null;) {
        let reply: Reply = await ask(query)
        // Some registries refuse a page of that size instead of sending a smaller one.
        const isTooLarge = query === firstQuery && [400, 405].includes(reply.answer.status)
        if (isTooLarge) reply = await ask('')
        if (reply.answer.status !== 200) throw failureOf(reply.attempt, reply.answer, now())
        const before = known?.pages[read.pages.length]
        const page: TagPage = readPage(reply, query, scanner.end(), before)
        query = page.next
        const fault = take(read, page) ?? (query === null ? null : slowness(now() - begun))
        if (fault !== null) throw unusable(reply.attempt, ...fault)
      }
      const { pages } = read
      if (known !== undefined && isSame(known.pages, pages)) return known.tags
      const listed = join(read)
      keep(key, listed)
      return listed.tags
    },
  }
}

function isSame(before: readonly TagPage[], now: readonly TagPage[]): boolean {
  return before.length === now.length && now.every((page, index) => page === before[index])
}

/** What has come of a list so far. */
interface Reading {
  readonly pages: TagPage[]
  readonly queries: Set<string>
  tags: number
  bytes: number
}

function startReading(): Reading {
  return { pages: [], queries: new Set(), tags: 0, bytes: 0 }
}

/** Reason and remedy. */
type Fault = readonly [string, string]

/** Why no more of the list is read; null where all is well. */
function take(read: Reading, page: TagPage): Fault | null {
  const { pages, queries } = read
  pages.push(page)
  queries.add(page.query)
  read.tags += page.tags.length
  read.bytes += page.bytes
  if (read.tags > maxTags) return [`there are more than ${maxTags} tags`, otherWay]
  if (read.bytes > maxListBody) return [`its pages have more than ${maxListBody} bytes`, otherWay]
  if (page.next === null) return null
  if (queries.has(page.next)) return ['its pages lead back to a page already read', otherWay]
  if (pages.length < maxPages) return null
  return [`there are more than ${maxPages} pages`, otherWay]
}

function slowness(ms: number): Fault | null {
  if (ms <= longestReading) return null
  const reason = `its pages did not come to an end within ${longestReading / 1000} s`
  return [reason, `Magos tries again at the next poll. ${otherWay}`]
}

function join({ pages, bytes }: Reading): Listed {
  const [only] = pages
  const all =
    pages.length === 1 && only !== undefined ? only.tags : pages.flatMap((page) => page.tags)
  const distinct = new Set(all)
  return { pages, tags: distinct.size === all.length ? all : [...distinct], bytes }
}
