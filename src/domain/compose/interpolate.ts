/** Variables by name. */
export type Variables = ReadonlyMap<string, string>

/** A text with its variables in it, and the names of those that are not set. */
export interface Interpolated {
  readonly text: string
  readonly unset: readonly string[]
}

/** Why a text cannot be interpolated; it never repeats the text, which may hold a password. */
export class InterpolationError extends Error {}

/**
 * Compose's `${}` forms: `$NAME`, `${NAME}`, `:-` and `-` for a default, `:?` and `?` for an error, `:+` and `+` for a
 * replacement, each of which may hold further ones; `$$` is a `$`. Throws `InterpolationError`.
 * https://github.com/compose-spec/compose-spec/blob/main/12-interpolation.md
 */
export function interpolate(text: string, variables: Variables): Interpolated {
  const unset: string[] = []
  const reader = { text, at: 0 }
  const result = readUntil(reader, variables, unset, 'end')
  return { text: result, unset }
}

interface Reader {
  readonly text: string
  at: number
}

const NAME = /[a-zA-Z_][a-zA-Z0-9_]*/y
/** Deeper ones are nobody's who means well. */
const DEEPEST = 50

function readUntil(
  reader: Reader,
  variables: Variables,
  unset: string[],
  end: 'end' | 'brace',
  depth = 0,
): string {
  if (depth > DEEPEST) throw new InterpolationError('it nests too deep')
  let result = ''
  while (reader.at < reader.text.length) {
    const char = reader.text.charAt(reader.at)
    if (char === '}' && end === 'brace') return result
    reader.at += 1
    result += char === '$' ? readVariable(reader, variables, unset, depth) : char
  }
  if (end === 'brace') throw new InterpolationError('a "${" is not closed')
  return result
}

/** Behind a `$`. */
function readVariable(
  reader: Reader,
  variables: Variables,
  unset: string[],
  depth: number,
): string {
  const next = reader.text.charAt(reader.at)
  if (next === '$') {
    reader.at += 1
    return '$'
  }
  if (next === '{') {
    reader.at += 1
    return readBraced(reader, variables, unset, depth)
  }
  const name = readName(reader)
  if (name === null) throw new InterpolationError('a "$" stands before no name')
  return valueOf(name, variables, unset)
}

function readBraced(reader: Reader, variables: Variables, unset: string[], depth: number): string {
  const name = readName(reader)
  if (name === null) throw new InterpolationError('a "${" stands before no name')
  const value = variables.get(name)
  const operator = /:?[-?+]/y
  operator.lastIndex = reader.at
  const sign = operator.exec(reader.text)?.[0] ?? ''
  reader.at += sign.length
  // What is not used is read all the same, for where it ends; what it lacks is nobody's loss.
  const spare: string[] = []
  const word = readUntil(reader, variables, spare, 'brace', depth + 1)
  if (sign === '' && word !== '')
    throw new InterpolationError(`"\${${name}" is followed by no form`)
  reader.at += 1
  const isThere = sign.startsWith(':') ? value !== undefined && value !== '' : value !== undefined
  switch (sign.at(-1)) {
    case '-':
      return isThere ? (value ?? '') : used(word, spare, unset)
    case '+':
      return isThere ? used(word, spare, unset) : ''
    case '?':
      if (isThere) return value ?? ''
      throw new InterpolationError(
        `required variable ${name} is missing a value${word === '' ? '' : `: ${word}`}`,
      )
    default:
      return valueOf(name, variables, unset)
  }
}

function used(word: string, spare: readonly string[], unset: string[]): string {
  unset.push(...spare)
  return word
}

function valueOf(name: string, variables: Variables, unset: string[]): string {
  const value = variables.get(name)
  if (value === undefined) unset.push(name)
  return value ?? ''
}

function readName(reader: Reader): string | null {
  NAME.lastIndex = reader.at
  const name = NAME.exec(reader.text)?.[0] ?? null
  reader.at += name?.length ?? 0
  return name
}
