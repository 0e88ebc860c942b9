import { parseEnvironmentFile } from '../compose/environment-file.ts'
import { isFields } from './service-parts.ts'

/**
 * Names of the variables that differ between two lists of what may set them: mappings, lists of `NAME=VALUE`, texts of
 * environment files. Of what is no name, nothing is told: it may be a value.
 */
export function changedVariables(
  before: readonly unknown[],
  after: readonly unknown[],
): readonly string[] {
  const [old, now] = [variables(before), variables(after)]
  const names = new Set([...old.keys(), ...now.keys()])
  return [...names].filter((name) => old.get(name) !== now.get(name)).toSorted()
}

const plainName = /^[A-Za-z_][A-Za-z0-9_.-]*$/u
const nameless = 'one without a proper name'

function variables(sources: readonly unknown[]): ReadonlyMap<string, string> {
  const all = new Map<string, string>()
  for (const [name, value] of sources.flatMap(assignments)) {
    const known = plainName.test(name) ? name : nameless
    const earlier = known === nameless ? (all.get(known) ?? '') : ''
    all.set(known, `${earlier}${value}`)
  }
  return all
}

function assignments(source: unknown): readonly (readonly [string, string])[] {
  if (typeof source === 'string') {
    return parseEnvironmentFile('', source).assignments.map(({ name, value }) => [name, value])
  }
  if (Array.isArray(source)) return source.flatMap(listed)
  if (!isFields(source)) return []
  return Object.entries(source).map(([name, value]) => {
    // Without a value it is passed on, in either form.
    if (value === null) return [name, '']
    return [name, `=${typeof value === 'string' ? value : JSON.stringify(value)}`]
  })
}

function listed(item: unknown): readonly (readonly [string, string])[] {
  if (typeof item !== 'string') return [['', JSON.stringify(item)]]
  const at = item.indexOf('=')
  return at === -1 ? [[item, '']] : [[item.slice(0, at), item.slice(at)]]
}
