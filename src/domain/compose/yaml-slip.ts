import type { YAMLParseError } from 'yaml'

/** What is wrong with a document's syntax, where its author slipped. */
export interface YamlSlip {
  readonly offset: number
  readonly message: string
  readonly remedy: string
}

/**
 * The first thing that the library stumbled over, and how many more there are, which mostly follow from it; null for none.
 * `quoted` are the quoted scalars: of one that is never closed the library tells only where the file ends.
 */
export function firstSlip(
  text: string,
  errors: readonly Pick<YAMLParseError, 'code' | 'message' | 'pos'>[],
  quoted: readonly (readonly [number, number])[],
): YamlSlip | null {
  const [first, ...more] = errors.toSorted((a, b) => a.pos[0] - b.pos[0])
  if (first === undefined) return null
  const [at] = first.pos
  const suffix = more.length === 0 ? '' : `; ${more.length} more, which may follow from it`
  const open = unclosed(first, quoted)
  if (open !== null) {
    const remedy = 'Close it, or correct the YAML between it and the file’s end'
    return { offset: open, message: `Quote is never closed${suffix}`, remedy }
  }
  const message = `${withoutQuotation(first.message)}${suffix}`
  const bare = bareAnnotation(text, at)
  if (bare !== null) {
    const remedy = 'Put a blank and a # before the annotation, for it is a comment'
    return { offset: bare, message: 'Annotation stands outside a comment', remedy }
  }
  return { offset: at, message, remedy: 'Correct the YAML at this place' }
}

function unclosed(
  { code, message, pos: [at] }: Pick<YAMLParseError, 'code' | 'message' | 'pos'>,
  quoted: readonly (readonly [number, number])[],
): number | null {
  if (code !== 'MISSING_CHAR' || !/^Missing closing ["']/.test(message)) return null
  const starts = quoted.flatMap(([from, to]) => (from < at && at <= to ? [from] : []))
  return starts.length === 0 ? null : Math.max(...starts)
}

/** Where the line of `at` has an annotation that YAML takes for its own. */
function bareAnnotation(text: string, at: number): number | null {
  const from = text.lastIndexOf('\n', at - 1) + 1
  const line = /^[^\n]*/.exec(text.slice(from))?.[0] ?? ''
  const found = /\{\s*["']?magos["']?\s*:/.exec(line)
  const isComment = found === null || /(?:^|\s)#/.test(line.slice(0, found.index))
  return isComment ? null : from + found.index
}

/** The library quotes what it stumbled over, and that may be a password. */
function withoutQuotation(message: string): string {
  return message.replace(/:?\s*["'].*$/s, '').replace(/\s+/g, ' ')
}
