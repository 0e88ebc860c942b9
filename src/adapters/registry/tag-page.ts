import { hash } from 'node:crypto'
import type { MagosError } from '../../domain/error.ts'
import { bodyText } from './body-text.ts'
import type { Reply } from './inquiry.ts'
import { nonsense, unusable } from './failure.ts'
import { nextLink } from './link.ts'

/** One page of a list of tags. What it was read from is let go, but for a hash to know it again. */
export interface TagPage {
  readonly query: string
  readonly bytes: number
  readonly hash: string
  readonly tags: readonly string[]
  /** Query of the next page; null for the last. */
  readonly next: string | null
}

/** The page that an answer is; `before`, that very object, where it says the same. */
export function readPage(reply: Reply, query: string, before: TagPage | undefined): TagPage {
  const { body } = reply.answer
  const bytes = body.byteLength
  const next = nextQuery(reply)
  const mark = hash('sha256', body, 'base64')
  const isKnown = before?.query === query && before.next === next && before.hash === mark
  return isKnown ? before : { query, bytes, hash: mark, tags: readTags(reply), next }
}

const tagGrammar = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/

function readTags({ answer, attempt }: Reply): readonly string[] {
  const document = parse(answer.headers, bodyText(answer), (reason) => nonsense(attempt, reason))
  const isObject = typeof document === 'object' && document !== null
  const tags: unknown = isObject && 'tags' in document ? document.tags : undefined
  // So some registries write that the last tag is gone.
  if (tags === null) return []
  const { registry } = attempt.name
  if (!Array.isArray(tags)) {
    const remedy = `Check that "${registry}" is the address of the registry itself, and not of its web pages`
    throw unusable(attempt, 'the answer has no list of tags', remedy)
  }
  if (tags.every(isTag)) return tags
  const remedy = `No registry may list that: tell whoever runs "${registry}"`
  throw unusable(attempt, 'the answer lists something that is no tag', remedy)
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
  throw unusable(
    attempt,
    `its next page is at another host, "${target.origin}"`,
    'Magos does not go there: name the registry by the address that it calls itself by',
  )
}
