/** The one variable of a value, in Compose's notation: https://github.com/compose-spec/compose-spec/blob/main/12-interpolation.md */
export interface Interpolation {
  readonly name: string
  /** `''` for `$NAME` and `${NAME}`; `?` also for `:?`, `+` also for `:+`. */
  readonly operator: '' | ':-' | '-' | '?' | '+'
  /** What stands behind the operator. */
  readonly fallback: string
  /** [start, end) of `fallback` in the value. */
  readonly range: readonly [number, number]
  /** The value around it. */
  readonly before: string
  readonly after: string
}

const opening = /\$(?:\$|([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)(:?[-?+])?)/g
const operators: ReadonlyMap<string | undefined, Interpolation['operator']> = new Map([
  [':-', ':-'],
  ['-', '-'],
  [':?', '?'],
  ['?', '?'],
  [':+', '+'],
  ['+', '+'],
])

/** Reads a value with a `$` in it; a text says why it is beyond understanding. */
export function readInterpolation(value: string): Interpolation | string {
  const [match, second] = [...value.matchAll(opening)].filter(([whole]) => whole !== '$$')
  if (match === undefined) return 'its value holds a "$" that begins no variable'
  const { index } = match
  const name = match[1] ?? match[2] ?? ''
  const start = index + match[0].length
  const end = match[1] === undefined ? value.indexOf('}', start) : start
  if (end === -1) return `the brace of variable "${name}" is not closed`
  const operator = operators.get(match[3]) ?? ''
  if (match[1] === undefined && operator === '' && end !== start) {
    return `its value holds the variable "${name}" in a notation that Compose does not have`
  }
  if (second !== undefined) return 'its value holds several variables'
  const after = value.slice(match[1] === undefined ? end + 1 : end)
  const before = value.slice(0, index)
  if (/\$/.test(before + after)) return 'its value holds a "$" beside its variable'
  return { name, operator, fallback: value.slice(start, end), range: [start, end], before, after }
}

/** Names of all variables in a value, those in defaults included. */
export function variableNames(value: string): readonly string[] {
  if (!value.includes('$')) return []
  return [...value.matchAll(opening)].flatMap((match) => match[1] ?? match[2] ?? [])
}
