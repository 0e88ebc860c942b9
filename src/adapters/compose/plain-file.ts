import { parse as parseYaml } from 'yaml'
import { readEnvFile } from '../../domain/compose/env-file.ts'
import {
  interpolate,
  InterpolationError,
  type Variables,
} from '../../domain/compose/interpolate.ts'
import { MagosError } from '../../domain/error.ts'
import type { ResolveRequest, StackInput } from '../../ports.ts'

export interface PlainFile {
  readonly document: Readonly<Record<string, unknown>>
  readonly warnings: readonly string[]
}

/**
 * What Compose would make of one file, read by ourselves for a provider that cannot tell: its `${}` filled from the
 * surroundings and the stack's `.env`. Throws `compose` for what takes more than that, and for what cannot be read.
 */
export function readPlainFile(
  { project, files, inputs, directory, envFiles }: ResolveRequest,
  surroundings: Variables,
): PlainFile {
  const [file, second] = files
  if (file === undefined || second !== undefined)
    throw tooMuch(second ?? '', 'overrides another file')
  const own = directory === '' ? '.env' : `${directory}/.env`
  const outer = new Map([...surroundings, ['COMPOSE_PROJECT_NAME', project]])
  const named = (envFiles ?? [own]).map((path): Variables => {
    const input = inputs.find((one) => one.path === path)
    if (input === undefined && envFiles !== null) throw noSuchFile(path)
    return input === undefined ? new Map() : readVariables(input, outer)
  })
  const variables = new Map<string, string>()
  // Of a name that stands twice the last counts, and the surroundings before all.
  for (const known of [...named, outer])
    for (const [name, value] of known) variables.set(name, value)
  const input = inputs.find(({ path }) => path === file)
  if (input === undefined) throw noSuchFile(file)
  const unset = new Set<string>()
  const filled = fill(parse(input), variables, file, unset)
  if (!isFields(filled)) throw unreadable(file, 'it is no mapping')
  if ('include' in filled) throw tooMuch(file, 'includes others')
  refuseExtends(filled, file)
  const warnings = [...unset].map(
    (name) => `The "${name}" variable is not set. Defaulting to a blank string.`,
  )
  return { document: filled, warnings }
}

/** Aliases beyond these would be a bomb. */
const MOST_ALIASES = 10_000

function parse({ path, content }: StackInput): unknown {
  try {
    return parseYaml(Buffer.from(content).toString('utf8'), {
      merge: true,
      maxAliasCount: MOST_ALIASES,
    })
  } catch (cause) {
    const at = isFields(cause) || cause instanceof Error ? linesOf(cause) : undefined
    throw new MagosError('compose', `Read "${path}": it is no YAML that Compose would read`, {
      cause,
      place: { file: path, ...(at === undefined ? {} : { line: at }) },
      remedy: 'Correct the YAML at this place',
    })
  }
}

function linesOf(cause: object): number | undefined {
  const places: unknown = 'linePos' in cause ? cause.linePos : undefined
  const first: unknown = Array.isArray(places) ? places[0] : undefined
  return isFields(first) && typeof first['line'] === 'number' ? first['line'] : undefined
}

function readVariables({ path, content }: StackInput, outer: Variables): Variables {
  const read = readEnvFile(Buffer.from(content).toString('utf8'), outer)
  if ('values' in read) return read.values
  throw new MagosError(
    'compose',
    `Read "${path}": line ${read.line} cannot be read, ${read.reason}`,
    {
      place: { file: path, line: read.line },
      remedy: 'Write NAME=value, in single quotes where the value has a "$"',
    },
  )
}

/** Every text with its variables; keys stand as they are. */
function fill(value: unknown, variables: Variables, file: string, unset: Set<string>): unknown {
  if (typeof value === 'string') {
    if (!value.includes('$')) return value
    const { text, unset: names } = interpolated(value, variables, file)
    for (const name of names) unset.add(name)
    return text
  }
  if (Array.isArray(value)) return value.map((one) => fill(one, variables, file, unset))
  if (!isFields(value)) return value
  const entries = Object.entries(value)
  return Object.fromEntries(
    entries.map(([key, one]) => [key, typed(key, fill(one, variables, file, unset))]),
  )
}

const TRUTHS = new Set([
  'external',
  'init',
  'privileged',
  'read_only',
  'required',
  'stdin_open',
  'tty',
])
const COUNTS = new Set(['replicas', 'retries', 'scale'])

/** A variable is a text, and where Compose wants a truth value or a count it makes one of it. */
function typed(key: string, value: unknown): unknown {
  if (typeof value !== 'string') return value
  if (TRUTHS.has(key) && (value === 'true' || value === 'false')) return value === 'true'
  return COUNTS.has(key) && /^\d{1,9}$/.test(value) ? Number(value) : value
}

function interpolated(text: string, variables: Variables, file: string) {
  try {
    return interpolate(text, variables)
  } catch (thrown) {
    if (!(thrown instanceof InterpolationError)) throw thrown
    throw unreadable(file, thrown.message)
  }
}

function refuseExtends({ services }: Readonly<Record<string, unknown>>, file: string): void {
  for (const [name, service] of Object.entries(isFields(services) ? services : {})) {
    if (isFields(service) && 'extends' in service)
      throw tooMuch(file, `extends another service, "${name}"`)
  }
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function unreadable(file: string, state: string): MagosError {
  return new MagosError('compose', `Read "${file}": ${state}`, {
    place: { file },
    remedy: 'Correct the file',
  })
}

function tooMuch(file: string, what: string): MagosError {
  return new MagosError(
    'compose',
    `Read "${file}": it ${what}, which this podman-compose cannot resolve`,
    {
      place: { file },
      remedy: 'Install Docker Compose v2 or podman-compose 1.6, or write the stack as one file',
    },
  )
}

function noSuchFile(file: string): MagosError {
  return new MagosError('compose', `Read env file "${file}": there is none`, {
    remedy: 'Commit it, or lay it into the stack’s directory on this host',
  })
}
