import { isWithin } from '../settings/inside.ts'
import { variableNames } from '../compose/interpolation.ts'
import type { ServicePlan } from '../deployment.ts'
import { isSame } from '../deploy/canonical.ts'
import { compareImages } from './compare-images.ts'
import { compareSections } from './compare-sections.ts'
import { changedVariables } from './environment.ts'
import { certain, possible, type Reason } from './reason.ts'
import { isFields, valuesOf, type ProjectParts, type ServiceParts } from './service-parts.ts'

/** A stack at one revision, as far as git tells. */
export interface StackParts extends ProjectParts {
  /** Object ids of all tracked files, by path. */
  readonly files: ReadonlyMap<string, string>
  /** Text of a plain tracked file that is read for variables; null for what is none, or encrypted. */
  readonly text: (path: string) => string | null
  /** What the stack's variables come from, from the repository's root. */
  readonly environment: readonly string[]
  /** Project name and settings, of which any may change any service. */
  readonly settings: unknown
}

/** A plan made from git alone. */
export interface ReviewedService extends ServicePlan {
  readonly certainty: Reason['certainty']
}

/** What would become of each service. Reasons hold names, and never values of variables. */
export function compareStack(
  before: StackParts | null,
  after: StackParts | null,
): readonly ReviewedService[] {
  const names = new Set([...(before?.services.keys() ?? []), ...(after?.services.keys() ?? [])])
  return [...names].toSorted().map((name) => {
    const [old, now] = [before?.services.get(name), after?.services.get(name)]
    if (after === null || now === undefined) {
      return { name, action: 'remove', reasons: ['it is no longer there'], certainty: 'certain' }
    }
    if (before === null || old === undefined) {
      return { name, action: 'create', reasons: ['it is new'], certainty: 'certain' }
    }
    const reasons = differences({ before, after }, old, now)
    if (reasons.length === 0) {
      const kept = ['nothing about it changes in git']
      return { name, action: 'keep', reasons: kept, certainty: 'certain' }
    }
    const isCertain = reasons.some(({ certainty }) => certainty === 'certain')
    return {
      name,
      action: 'recreate',
      reasons: [...new Set(reasons.map(({ text }) => text))],
      certainty: isCertain ? 'certain' : 'possible',
    }
  })
}

interface Both {
  readonly before: StackParts
  readonly after: StackParts
}

function differences(both: Both, old: ServiceParts, now: ServiceParts): readonly Reason[] {
  const { before, after } = both
  const keys = new Set([...old.values, ...now.values].flatMap((value) => Object.keys(value)))
  const own = [...keys]
    .toSorted()
    .flatMap((key) => compareKey(key, valuesOf(old, key), valuesOf(now, key)))
  const settings = isSame(before.settings, after.settings)
    ? []
    : [possible('the settings of its stack change')]
  return [
    ...own,
    ...compareFiles(both, old, now),
    ...compareVariables(both, now),
    ...compareSections(both, now),
    ...settings,
  ]
}

function compareKey(
  key: string,
  old: readonly unknown[],
  now: readonly unknown[],
): readonly Reason[] {
  if (isSame(old, now)) return []
  if (key === 'image') return compareImages(old.at(-1), now.at(-1))
  if (key !== 'environment') return [certain(`its \`${key}\` changes`)]
  const names = changedVariables(old, now)
  return names.length === 0 ? [] : [certain(`variables change: ${names.join(', ')}`)]
}

/** Bytes of tracked files, of folders everything in them. */
function compareFiles(
  { before, after }: Both,
  old: ServiceParts,
  now: ServiceParts,
): readonly Reason[] {
  const all = new Map([...old.references, ...now.references].map((one) => [one.path, one.role]))
  return [...all].flatMap(([path, role]) => {
    const changed = changedBelow(before.files, after.files, path)
    if (changed.length === 0) return []
    const [first = path] = changed
    const more = changed.length > 1 ? ` and ${changed.length - 1} more` : ''
    const names = changed.length > 1 ? [] : variablesIn(before, after, first)
    const which = names.length === 0 ? '' : `: ${names.join(', ')}`
    const text = `\`${first}\`${more} changes${which}`
    // What is extended is compared by itself; what is built, the provider decides.
    if (role === 'extends') return []
    return [role === 'context' ? possible(text) : certain(text)]
  })
}

function variablesIn(before: StackParts, after: StackParts, path: string): readonly string[] {
  const [old, now] = [before.text(path), after.text(path)]
  const isEnvironment = /(?:^|[/.])env(?:$|[./])/u.test(path)
  return isEnvironment && old !== null && now !== null ? changedVariables([old], [now]) : []
}

function changedBelow(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
  path: string,
): readonly string[] {
  const all = [...before.keys(), ...after.keys()]
  const names = new Set(all.filter((name) => isWithin(name, path)))
  return [...names].filter((name) => before.get(name) !== after.get(name)).toSorted()
}

/** Variables that the service names and that its stack's environment files set otherwise. */
function compareVariables({ before, after }: Both, now: ServiceParts): readonly Reason[] {
  const files = [...new Set([...before.environment, ...after.environment])]
  const changed = files.filter((path) => before.files.get(path) !== after.files.get(path))
  if (changed.length === 0) return []
  const used = new Set(now.values.flatMap(textsIn).flatMap(variableNames))
  return changed.flatMap((path) => {
    const [old, text] = [before.text(path) ?? '', after.text(path) ?? '']
    const names = changedVariables([old], [text]).filter((name) => used.has(name))
    return names.length === 0
      ? []
      : [possible(`it uses what changes in \`${path}\`: ${names.join(', ')}`)]
  })
}

function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  if (Array.isArray(value)) return value.flatMap(textsIn)
  return isFields(value) ? Object.values(value).flatMap(textsIn) : []
}
