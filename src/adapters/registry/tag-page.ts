import type { MagosError } from '../../domain/error.ts'
import type { Reply } from './inquiry.ts'
import { nonsense, unusable } from './failure.ts'
import { nextLink } from './link.ts'
import type { Fault, Scanned } from './scanned-tags.ts'

/** One page of a list of tags. */
export interface TagPage {
  readonly query: string
  readonly bytes: number
  readonly tags: readonly string[]
  /** Query of the next page; null for the last. */
  readonly next: string | null
}

/** The page that an answer is; `before`, that very object, where it says the same. */
export function readPage(
  reply: Reply,
  query: string,
  scanned: Scanned,
  before: TagPage | undefined,
): TagPage {
  if (scanned.kind !== 'tags') throw unreadable(reply, scanned.kind)
  const { tags, bytes } = scanned
  const next = nextQuery(reply)
  const isKnown = before?.query === query && before.next === next && before.tags === tags
  return isKnown ? before : { query, bytes, tags, next }
}
/** Tags that are taken of one list. */
export const maxTags = 100_000

/** What to do about a list that is too long to be read. */
export const otherWay =
  'Follow one tag instead, which needs no list: {"magos": {"policy": "latest", "tag": "…"}}'

function unreadable({ answer, attempt }: Reply, fault: Fault): MagosError {
  const { registry } = attempt.name
  switch (fault) {
    case 'no-json': {
      const isPlain = (answer.headers['content-encoding'] ?? 'identity') === 'identity'
      const reason = isPlain ? 'no JSON' : 'compressed although it must not be'
      return nonsense(attempt, `the answer is ${reason}`)
    }
    case 'no-list': {
      const remedy = `Check that "${registry}" is the address of the registry itself, and not of its web pages`
      return unusable(attempt, 'the answer has no list of tags', remedy)
    }
    case 'no-tag': {
      const remedy = `No registry may list that: tell whoever runs "${registry}"`
      return unusable(attempt, 'the answer lists something that is no tag', remedy)
    }
    case 'too-many':
      return unusable(attempt, `there are more than ${maxTags} tags`, otherWay)
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
  throw unusable(
    attempt,
    `its next page is at another host, "${target.origin}"`,
    'Magos does not go there: name the registry by the address that it calls itself by',
  )
}
