import type { DesiredState } from '../../src/domain/deploy/desired-state.ts'
import { MagosError } from '../../src/domain/error.ts'
import type { Provider } from '../../src/ports.ts'
import type { OpenedStack } from './open-secrets.ts'
import type { StackSource } from './read-stack.ts'

/**
 * podman-compose writes what it runs into command lines, `-e KEY=value` and all, and every user of the host can read
 * those. Files that containers mount are named there, not shown. Throws `stack`.
 */
export function refuseCommandLines(
  { name, version }: Provider,
  { stack }: Pick<StackSource, 'stack'>,
  { document }: Pick<DesiredState, 'document'>,
  { opened, values }: Pick<OpenedStack, 'opened' | 'values'>,
): void {
  if (name !== 'podman-compose') return
  const everywhere = opened.find(({ reach }) => reach === 'all')
  if (everywhere !== undefined) throw refusal(stack.name, everywhere.path, version)
  const shown = Object.entries(document.services).find(([, service]) =>
    holdsAny(service['environment'], values),
  )
  if (shown !== undefined) throw refusal(stack.name, opened[0]?.path ?? '', version)
  // Up to 1.0 it hands an env_file on by its name; since then it reads the file and writes out its lines.
  if (version.startsWith('1.0.')) return
  const named = new Set(
    Object.values(document.services).flatMap((service) => namedFiles(service['env_file'])),
  )
  const expanded = opened.find(({ placed }) => named.has(placed.replaceAll('$', '$$$$')))
  if (expanded !== undefined) throw refusal(stack.name, expanded.path, version)
}

/** A mapping, or a list of `KEY=value`. */
function holdsAny(environment: unknown, values: readonly string[]): boolean {
  if (typeof environment !== 'object' || environment === null) return false
  const given = Array.isArray(environment)
    ? environment.map(String).map((pair) => pair.slice(pair.indexOf('=') + 1))
    : Object.values(environment).map(String)
  return given.some((value) => values.includes(value.replaceAll('$$', '$')))
}

function namedFiles(value: unknown): readonly string[] {
  return [value].flat().flatMap((one: unknown) => {
    if (typeof one === 'string') return [one]
    if (typeof one !== 'object' || one === null || !('path' in one)) return []
    return typeof one.path === 'string' ? [one.path] : []
  })
}

function refusal(stack: string, file: string, version: string): MagosError {
  return new MagosError(
    'stack',
    `Hand "${stack}" its secrets: podman-compose ${version} would show what is in "${file}" on command lines`,
    {
      place: { file },
      remedy:
        'Install Docker Compose v2, or hand the values over in files: under secrets, or as a bind mount',
    },
  )
}
