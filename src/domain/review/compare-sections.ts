import { isSame } from '../deploy/canonical.ts'
import { possible, type Reason } from './reason.ts'
import {
  isFields,
  valuesOf,
  type Fields,
  type ProjectParts,
  type ServiceParts,
} from './service-parts.ts'

/** Definitions beside the services, for those that name them. */
export function compareSections(
  { before, after }: { readonly before: ProjectParts; readonly after: ProjectParts },
  now: ServiceParts,
): readonly Reason[] {
  const included = isSame(before.sections['name'], after.sections['name'])
    ? []
    : [possible('the project gets another name')]
  const shared = SHARED.flatMap((section) => {
    const [old, next] = [named(before.sections, section), named(after.sections, section)]
    const changed = [...new Set([...old.keys(), ...next.keys()])].filter(
      (name) => !isSame(old.get(name), next.get(name)),
    )
    const words = new Set(valuesOf(now, section).flatMap(namesIn))
    return changed
      .filter((name) => words.has(name) || (section === 'networks' && name === 'default'))
      .map((name) => possible(`its \`${section}\` entry "${name}" changes`))
  })
  return [...included, ...shared]
}

const SHARED = ['networks', 'volumes', 'configs', 'secrets'] as const

function named(sections: Fields, section: string): ReadonlyMap<string, unknown> {
  const listed = sections[section]
  const maps = Array.isArray(listed) ? listed.filter(isFields) : []
  return new Map(maps.flatMap((map) => Object.entries(map)))
}

/** Names of what a service takes from a section, in the short form or the long one. */
function namesIn(value: unknown): readonly string[] {
  if (isFields(value)) {
    const source = value['source']
    return typeof source === 'string' ? [source] : Object.keys(value)
  }
  if (Array.isArray(value)) return value.flatMap(namesIn)
  return typeof value === 'string' ? [value.split(':')[0] ?? value] : []
}
