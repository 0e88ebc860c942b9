import type { Bases } from './path.ts'
import type { ConfigProblem, Parsed } from './problem.ts'
import type { PlainVariable, Variable, Variables } from './variable.ts'

export interface EnvironmentInput extends Bases {
  readonly variables: Variables
  /** What systemd and the XDG directories set; never taken from `.env`. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly readFile: (path: string) => string | null
  readonly hostname: string
  /** Problems found are added here. */
  readonly problems: ConfigProblem[]
}

/** A variable's value; the fallback where it is not set, or is refused. */
export function setting<T, F>(
  input: EnvironmentInput,
  name: PlainVariable,
  parse: (text: string) => Parsed<T>,
  fallback: F,
): T | F {
  const variable = input.variables.find(name)
  if (variable === null) return fallback
  const parsed = parse(variable.value)
  if ('value' in parsed) return parsed.value
  refuse(input, variable, `Cannot use ${parsed.refusal}`)
  return fallback
}

export function refuse(
  input: EnvironmentInput,
  { name, place }: Variable,
  message: string,
  remedy: string | null = null,
): void {
  input.problems.push({ variable: name, place, message, remedy })
}
