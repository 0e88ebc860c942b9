import type { Reach } from '../compose/sealed.ts'
import type { ComposeDocument } from './desired-state.ts'

export interface SecretInput {
  readonly reach: Reach
  readonly content: Uint8Array
}

/**
 * The services whose definition may hold a decrypted value, told by what does not change with the value: a service has
 * the variables of its env_files, and whatever else Compose reads may go anywhere. One too many does no harm.
 */
export function secretUsers(
  { services }: ComposeDocument,
  opened: readonly SecretInput[],
): ReadonlySet<string> {
  if (opened.some(({ reach }) => reach === 'all')) return new Set(Object.keys(services))
  const files = opened.map(({ content }) => variablesOf(content))
  const users = Object.entries(services).filter(([, service]) => {
    const given = namesIn(service['environment'])
    return files.some((names) => names.some((name) => given.has(name)))
  })
  return new Set(users.map(([name]) => name))
}

/** Names of variables, and what looks like one in a value of several lines. */
function variablesOf(content: Uint8Array): readonly string[] {
  const lines = new TextDecoder().decode(content).split(/\r?\n/)
  return lines.flatMap((line) => /^\s*(?:export\s+)?([\w.-]+)\s*[=:]/.exec(line)?.[1] ?? [])
}

/** Of a mapping, or of a list of `KEY=value`. */
function namesIn(environment: unknown): ReadonlySet<string> {
  if (typeof environment !== 'object' || environment === null) return new Set()
  if (!Array.isArray(environment)) return new Set(Object.keys(environment))
  return new Set(environment.map((pair) => String(pair).split('=')[0] ?? ''))
}
