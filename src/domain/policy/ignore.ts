import { MagosError } from '../error.ts'
import { isTag } from '../image-reference.ts'
import { endOfDay } from './day.ts'
import { inRange, parseRange } from './range.ts'
import type { TagVersion } from './tag-version.ts'

/** Tags that are not taken for a while, each named by itself or by a range of versions. */
export interface IgnoredTags {
  readonly by: 'tag' | 'range'
  readonly text: string
  /** Last day on which it counts, `2026-03-31` in UTC; null for ever. */
  readonly until: string | null
}

/** Why the tag is passed over now; null when it is not. */
export type IgnoreRule<Version> = (tag: string, version: Version) => string | null

/** Reads `"ignore"`: a list of tags and of `{"tag" or "range", "until"}`. Throws `policy`. */
export function parseIgnore(value: unknown, ranges: 'allowed' | 'refused'): readonly IgnoredTags[] {
  if (value === undefined) return []
  if (!Array.isArray(value)) throw refusal(value, 'it is no list')
  const items: readonly unknown[] = value
  return items.map((item) => {
    if (typeof item === 'string') return checked({ by: 'tag', text: item, until: null })
    if (typeof item !== 'object' || item === null) throw refusal(item, 'it is no tag')
    const { tag, range, until = null, ...foreign }: Readonly<Record<string, unknown>> = { ...item }
    const [unknownKey] = Object.keys(foreign)
    if (unknownKey !== undefined) throw refusal(item, `it has the unknown key "${unknownKey}"`)
    if ((tag === undefined) === (range === undefined)) {
      throw refusal(item, 'it names neither a tag nor a range, or both')
    }
    if (range !== undefined && ranges === 'refused') {
      throw refusal(item, 'only policy "semver" knows ranges')
    }
    const text = tag ?? range
    if (typeof text !== 'string') throw refusal(item, 'what it names is no text')
    if (until !== null && (typeof until !== 'string' || endOfDay(until) === null)) {
      throw refusal(item, `${JSON.stringify(until)} is no day`)
    }
    return checked({ by: tag === undefined ? 'range' : 'tag', text, until })
  })
}

/** What is ignored by its tag, of the entries that still count. */
export function ignoreTags(entries: readonly IgnoredTags[], now: number): IgnoreRule<unknown> {
  const tags = new Map(
    active(entries, now).flatMap((entry) =>
      entry.by === 'tag' ? [[entry.text, entry] as const] : [],
    ),
  )
  return (tag) => {
    const named = tags.get(tag)
    return named === undefined ? null : `"ignore" names it${duration(named)}`
  }
}

/** What is ignored by its tag or its version, of the entries that still count. */
export function ignoreVersions(
  entries: readonly IgnoredTags[],
  now: number,
): IgnoreRule<TagVersion> {
  const byTag = ignoreTags(entries, now)
  const ranges = active(entries, now).flatMap((entry) =>
    entry.by === 'range' ? [{ entry, range: parseRange(entry.text, 'included') }] : [],
  )
  return (tag, version) => {
    const named = byTag(tag, version)
    if (named !== null) return named
    const found = ranges.find(({ range }) => inRange(range, version))?.entry
    return found === undefined ? null : `"ignore" names the range "${found.text}"${duration(found)}`
  }
}

function active(entries: readonly IgnoredTags[], now: number): readonly IgnoredTags[] {
  return entries.filter(({ until }) => until === null || now < (endOfDay(until) ?? 0))
}

function checked(entry: IgnoredTags): IgnoredTags {
  if (entry.by === 'range') parseRange(entry.text, 'included')
  else if (!isTag(entry.text)) throw refusal(entry.text, 'it is no tag')
  return entry
}

function duration({ until }: IgnoredTags): string {
  return until === null ? ', for good' : ` until the end of ${until}`
}

function refusal(value: unknown, problem: string): MagosError {
  const shown = (JSON.stringify(value) ?? String(value)).slice(0, 80)
  return new MagosError('policy', `Cannot read "ignore" ${shown}: ${problem}`, {
    remedy:
      'write a list of tags, or of {"tag": "1.4.0", "until": "2026-03-31"}; policy "semver" takes "range" instead of "tag" too',
  })
}
