import { RE2JS } from 're2js'
import { MagosError } from '../error.ts'
import { isTag } from '../image-reference.ts'
import type { TagFilters } from './policy.ts'

/** What the filters leave of a tag: the text that a version is read from, or why it is dropped. */
export type FilteredTag =
  | { readonly kept: true; readonly text: string }
  | { readonly kept: false; readonly by: keyof TagFilters | 'nature'; readonly reason: string }

export type TagFilter = (tag: string) => FilteredTag

/** Signatures, attestations and the referrers fallback: https://github.com/opencontainers/distribution-spec/blob/main/spec.md#referrers-tag-schema */
const attachmentPattern = /^sha256-[0-9a-f]{64}(?:\.(?:sig|att|sbom))?$/
const commitPattern = /^(?:sha-[0-9a-f]{7,40}|(?![0-9]+$)[0-9a-f]{7,40})$/
/** A pattern runs in time linear in its own size too, so that is bounded as well. */
const maxPatternLength = 1000
const maxProgramSize = 2000

/** Regular expressions run in linear time whatever the tag. Throws `policy` for one that is not RE2. */
export function compileFilters({ include, exclude, extract }: TagFilters): TagFilter {
  const included = include === null ? null : compilePattern('include', include)
  const excluded = exclude === null ? null : compilePattern('exclude', exclude)
  const extracted = extract === null ? null : compileExtract(extract)
  return (tag) => {
    const artefact = artefactReason(tag)
    if (artefact !== null) return dropped('nature', artefact)
    if (included !== null && !included.test(tag)) {
      return dropped('include', '"include" does not match it')
    }
    if (excluded !== null && excluded.test(tag)) return dropped('exclude', '"exclude" matches it')
    if (extracted === null) return { kept: true, text: tag }
    const version = extracted(tag)
    if (version === null) return dropped('extract', '"extract" finds no version in it')
    const hidden = version === tag ? null : artefactReason(version)
    return hidden === null ? { kept: true, text: version } : dropped('nature', hidden)
  }
}

function compileExtract(pattern: string): (tag: string) => string | null {
  const compiled = compilePattern('extract', pattern)
  const group = compiled.namedGroups()['version']
  if (group === undefined) {
    throw refusal(
      'extract',
      pattern,
      'it has no group named "version"',
      'name the part that holds the version: (?P<version>…)',
    )
  }
  // One pass over the tag; a Matcher takes two, one to find and one for its groups.
  const engine = compiled.re2()
  return (tag) => {
    const groups: readonly unknown[] | null = engine.findSubmatch(tag)
    const version = groups?.[group]
    return typeof version === 'string' ? version : null
  }
}

function compilePattern(key: keyof TagFilters, pattern: string): RE2JS {
  if (pattern === '') {
    throw refusal(key, pattern, 'an empty pattern matches every tag', `leave "${key}" out`)
  }
  const shorter = 'write a shorter one; a tag has at most 128 characters'
  if (pattern.length > maxPatternLength) {
    throw refusal(key, pattern, `it is longer than ${maxPatternLength} characters`, shorter)
  }
  const compiled = compile(key, pattern)
  if (compiled.programSize() <= maxProgramSize) return compiled
  throw refusal(key, pattern, 'its repetitions make it too large', shorter)
}

function compile(key: keyof TagFilters, pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern)
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error)
    throw refusal(
      key,
      pattern,
      problem.replace(/^error parsing regexp: /, ''),
      'write it in RE2 syntax, which has neither lookaround nor backreferences: https://github.com/google/re2/wiki/Syntax',
      error,
    )
  }
}

function refusal(
  key: keyof TagFilters,
  pattern: string,
  problem: string,
  remedy: string,
  cause?: unknown,
): MagosError {
  const shown = pattern.length > 80 ? `${pattern.slice(0, 80)}…` : pattern
  return new MagosError('policy', `Cannot use "${key}" ${JSON.stringify(shown)}: ${problem}`, {
    cause,
    remedy,
  })
}

function artefactReason(tag: string): string | null {
  if (attachmentPattern.test(tag)) return 'it is a signature or attestation, not an image'
  if (commitPattern.test(tag)) return 'it is a commit hash, which has no order'
  return isTag(tag) ? null : 'it is no valid tag'
}

function dropped(by: keyof TagFilters | 'nature', reason: string): FilteredTag {
  return { kept: false, by, reason }
}
