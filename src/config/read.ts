import { closest } from './closest.ts'
import type { Config } from './config.ts'
import { readDaemonYaml } from './daemon-yaml.ts'
import type { DaemonYamlInput } from './daemon-reading.ts'
import { parseDotenv } from './dotenv.ts'
import type { Dotenv } from './dotenv.ts'
import { readEnvironment } from './environment.ts'
import { expandPath } from './path.ts'
import type { ConfigProblem } from './problem.ts'
import { layerVariables, PLAIN_VARIABLES, SECRET_VARIABLES } from './variable.ts'
import type { Variables } from './variable.ts'

export interface ConfigInput {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** The `.env` of the working directory, its text null where it cannot be read; null where there is none. */
  readonly dotenv: { readonly path: string; readonly text: string | null } | null
  /** A file's text, null where it cannot be read. The daemon's YAML, PEMs, `_FILE` twins and credentials come through it. */
  readonly readFile: (path: string) => string | null
  readonly homeDirectory: string
  readonly hostname: string
  readonly workingDirectory: string
}

export type ConfigResult =
  | { readonly config: Config }
  | { readonly problems: readonly ConfigProblem[] }

const KNOWN: readonly string[] = [
  ...PLAIN_VARIABLES,
  ...SECRET_VARIABLES.flatMap((name) => [name, `${name}_FILE`]),
]

/** The configuration, or everything that is wrong with it at once. Real variables win over those of `.env`. */
export function readConfig(input: ConfigInput): ConfigResult {
  const problems: ConfigProblem[] = []
  const dotenv = openDotenv(input, problems)
  const variables = layerVariables(input.environment, dotenv)
  refuseUnknown(variables, problems)
  const environment = readEnvironment({ ...input, variables, problems })
  const daemon = readDaemonYaml(openDaemonYaml(input, variables, problems))
  return problems.length > 0
    ? { problems: problems.toSorted(byPlace) }
    : { config: { ...environment, ...daemon } }
}

function openDotenv({ dotenv }: ConfigInput, problems: ConfigProblem[]): Dotenv | null {
  if (dotenv === null) return null
  const { path, text } = dotenv
  if (text === null) {
    problems.push({
      variable: null,
      place: { file: path },
      message: 'Cannot read the file: it is there, but this user may not',
      remedy: 'give this user the right to read it, or start Magos elsewhere',
    })
    return null
  }
  const parsed = parseDotenv(path, text)
  for (const { place, message } of parsed.problems) {
    problems.push({ variable: null, place, message, remedy: null })
  }
  return parsed
}

/** Variables of the process first, then file by file from top to bottom. */
function byPlace({ place: a }: ConfigProblem, { place: b }: ConfigProblem): number {
  return (
    (a?.file ?? '').localeCompare(b?.file ?? '') ||
    (a?.line ?? 0) - (b?.line ?? 0) ||
    (a?.column ?? 0) - (b?.column ?? 0)
  )
}

/** Ours are `MD_…`, so one that is not known was mistyped; others belong to somebody else. */
function refuseUnknown(variables: Variables, problems: ConfigProblem[]): void {
  for (const { name, place } of variables.all) {
    if (!name.startsWith('MD_') || KNOWN.includes(name)) continue
    const near = closest(name, KNOWN)
    problems.push({
      variable: name,
      place,
      message: `Cannot use ${name}: there is no such variable`,
      remedy: near === null ? 'remove it' : `did you mean ${near}?`,
    })
  }
}

function openDaemonYaml(
  { readFile, homeDirectory, workingDirectory }: ConfigInput,
  variables: Variables,
  problems: ConfigProblem[],
): DaemonYamlInput | null {
  const variable = variables.find('MD_CONFIG')
  if (variable === null) return null
  const file = expandPath(variable.value, { homeDirectory, workingDirectory })
  const text = readFile(file)
  if (text !== null) return { file, text, homeDirectory, readFile, problems }
  problems.push({
    variable: 'MD_CONFIG',
    place: variable.place,
    message: `Cannot read ${JSON.stringify(file)}: no such readable file`,
    remedy: null,
  })
  return null
}
