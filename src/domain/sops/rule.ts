import { RE2JS } from 're2js'
import type { Place } from '../error.ts'
import { octetsOf, bytesOf, textOf } from './bytes.ts'
import { refusal } from './refusal.ts'

/** Which values of a file are encrypted: https://github.com/getsops/sops#encrypting-only-parts-of-a-file */
export interface Rule {
  /** What a match says of the value. */
  readonly match: 'encrypted' | 'clear'
  /** Any key on a value's path, or a comment before it or before what holds it. */
  readonly of: 'key' | 'comment'
  /** Always the same answer for the same bytes. */
  test(bytes: Uint8Array): boolean
}

export const ruleNames = [
  'unencrypted_suffix',
  'encrypted_suffix',
  'unencrypted_regex',
  'encrypted_regex',
  'unencrypted_comment_regex',
  'encrypted_comment_regex',
] as const

export type RuleName = (typeof ruleNames)[number]

/** Of a file that names no rule. */
export const defaultRule = { name: 'unencrypted_suffix', pattern: '_unencrypted' } as const

/** Nobody writes a longer one, and a pattern's own size costs time too. */
const maxPatternLength = 4096
const maxProgramSize = 10_000

/** Throws `bad-metadata` for a pattern that is no RE2: https://github.com/google/re2/wiki/Syntax */
export function readRule(name: RuleName, pattern: string, place: Place): Rule {
  const match = name.startsWith('un') ? 'clear' : 'encrypted'
  const of = name.endsWith('comment_regex') ? 'comment' : 'key'
  if (name.endsWith('suffix')) {
    const suffix = octetsOf(bytesOf(pattern))
    return { match, of, test: (bytes) => octetsOf(bytes).endsWith(suffix) }
  }
  const regex = compile(name, pattern, place)
  return { match, of, test: remembered((text) => regex.test(text)) }
}

function compile(name: RuleName, pattern: string, place: Place): RE2JS {
  const cannot = `Cannot read the rule ${name}`
  if (pattern.length > maxPatternLength) {
    throw refusal('bad-metadata', `${cannot}: it is longer than ${maxPatternLength}`, place)
  }
  try {
    const compiled = RE2JS.compile(pattern)
    if (compiled.programSize() <= maxProgramSize) return compiled
  } catch (error) {
    throw refusal('bad-metadata', `${cannot}: it is no regular expression of RE2`, place, error)
  }
  throw refusal('bad-metadata', `${cannot}: its repetitions make it too large`, place)
}

/** Files repeat their keys, and an answer costs more than a look. */
function remembered(test: (text: string) => boolean): Rule['test'] {
  const answers = new Map<string, boolean>()
  return (bytes) => {
    const text = textOf(bytes)
    const known = answers.get(text)
    if (known !== undefined) return known
    const answer = test(text)
    answers.set(text, answer)
    return answer
  }
}
