import { MagosError } from '../domain/error.ts'
import type { Place } from '../domain/error.ts'

/** One thing that is wrong with the configuration. */
export interface ConfigProblem {
  /** The variable at fault; null where a file's own syntax or a key of the YAML is. */
  readonly variable: string | null
  /** Where it was written; null for a variable of the process itself. */
  readonly place: Place | null
  readonly message: string
  readonly remedy: string | null
}

/** A setting's value, or why it cannot be one: `name "value": what was expected`. */
export type Parsed<T> = { readonly value: T } | { readonly refusal: string }

/** One line for people: `FILE:LINE:COLUMN: VARIABLE: message; remedy`. */
export function problemText(problem: ConfigProblem): string {
  const parts = [placeText(problem.place), problem.variable, problem.message]
  const text = parts.filter((part) => part !== null).join(': ')
  return problem.remedy === null ? text : `${text}; ${problem.remedy}`
}

/** All problems as the one error of code `configuration`; its place is the first that has one. */
export function configurationError(problems: readonly ConfigProblem[]): MagosError {
  const lines = problems.map((problem) => `  ${problemText(problem)}`)
  const count = problems.length === 1 ? '1 problem' : `${String(problems.length)} problems`
  const place = problems.find((problem) => problem.place !== null)?.place
  return new MagosError(
    'configuration',
    [`Cannot use the configuration: ${count}`, ...lines].join('\n'),
    place ? { place } : {},
  )
}

function placeText(place: Place | null): string | null {
  if (place === null) return null
  return [place.file, place.line, place.column].filter((part) => part !== undefined).join(':')
}
