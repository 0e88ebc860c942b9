import {
  deliveryKeys,
  noDelivery,
  parseDelivery,
  splitDelivery,
  type Delivery,
} from './delivery.ts'
import { MagosError } from './error.ts'
import { parseImageReference, repositoryName, type ImageReference } from './image-reference.ts'
import { defaultsFor, parsePolicy, policyKeys } from './policy/parse.ts'
import type { Policy } from './policy/policy.ts'

/** Keys that a whole repository presets for every policy that takes them; what an annotation names itself wins. */
export type PolicyDefaults = Readonly<Record<string, unknown>>

export interface Annotation {
  /** null when something in it is wrong; then `defects` says what. */
  readonly policy: Policy | null
  /** What it says itself; a repository's defaults come after it. */
  readonly delivery: Delivery
  readonly defects: readonly Defect[]
}

export interface Defect {
  /** UTF-16 units from the comment's `#`. */
  readonly offset: number
  readonly code: 'annotation' | 'policy'
  readonly message: string
  readonly remedy: string
}

/**
 * Reads `# … {"magos": {…}} …` on the line of `image` (null where the line's value is no reference, so that `repo`
 * cannot be compared). Returns null for a comment that holds no annotation.
 */
export function readAnnotation(
  comment: string,
  image: ImageReference | null,
  defaults: PolicyDefaults,
): Annotation | null {
  const [first, second] = [...comment.matchAll(opening)].map(({ index }) => index)
  if (first === undefined) return null
  if (second !== undefined) return broken(second, 'Line has two annotations', 'Keep one of them')
  const text = objectText(comment.slice(first, first + maxLength))
  if (text === null) return broken(first, 'Annotation has no closing brace', `Close it, ${example}`)
  const fields = parseFields(text)
  if (typeof fields === 'string') return broken(first, fields, `Write it as JSON, ${example}`)

  const places = keyPlaces(text)
  const at = (key: string) => first + (places.get(key)?.[0] ?? 0)
  const defects = [
    ...repeatedKeys(first, places),
    ...unknownKeys(fields, at),
    ...wrongRepository(fields['repo'], image, at('repo')),
  ]
  return defects.length > 0 ? refused(defects) : readPolicy(fields, defaults, first)
}

/** Whether a comment holds something that was meant as an annotation. */
export function hasAnnotation(comment: string): boolean {
  return comment.search(opening) !== -1
}

type Fields = Readonly<Record<string, unknown>>

/** Finds also what was meant as JSON and is none, so that it is told and not overlooked. */
const opening = /\{\s*["']?magos["']?\s*:/g
const example = 'such as {"magos": {"policy": "semver"}}'
const maxLength = 4096
const knownKeys: readonly string[] = ['policy', 'repo', ...policyKeys, ...deliveryKeys]

function broken(offset: number, message: string, remedy: string): Annotation {
  return refused([{ offset, code: 'annotation', message, remedy }])
}

function refused(defects: readonly Defect[]): Annotation {
  return { policy: null, delivery: noDelivery, defects }
}

/** The text up to the brace that closes its first one; null when none does. */
function objectText(text: string): string | null {
  let depth = 0
  let quoted = false
  for (let index = 0; index < text.length; index += 1) {
    const char = text.charAt(index)
    if (quoted && char === '\\') index += 1
    else if (char === '"') quoted = !quoted
    else if (!quoted && char === '{') depth += 1
    else if (!quoted && char === '}') depth -= 1
    if (depth === 0) return text.slice(0, index + 1)
  }
  return null
}

/** What stands behind `"magos"`, or what is wrong with it. */
function parseFields(text: string): Fields | string {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return 'Annotation is no valid JSON'
  }
  const fields = isObject(value) ? value['magos'] : undefined
  if (!isObject(value) || !isObject(fields)) return 'Annotation holds no object behind "magos"'
  const foreign = Object.keys(value).find((key) => key !== 'magos')
  return foreign === undefined ? fields : `Annotation has the key "${foreign}" beside "magos"`
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Where each key of the annotation stands in its text, which is valid JSON: `JSON.parse` keeps no places, nor repeated keys. */
function keyPlaces(text: string): ReadonlyMap<string, readonly number[]> {
  const places = new Map<string, number[]>()
  let depth = 0
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]]/g)) {
    if (token === '{' || token === '[') depth += 1
    else if (token === '}' || token === ']') depth -= 1
    else if (depth === 2 && token.endsWith(':')) {
      const name: unknown = JSON.parse(token.slice(0, token.lastIndexOf('"') + 1))
      places.set(String(name), [...(places.get(String(name)) ?? []), index])
    }
  }
  return places
}

function repeatedKeys(first: number, places: ReadonlyMap<string, readonly number[]>): Defect[] {
  return [...places].flatMap(([key, [, again]]) =>
    again === undefined
      ? []
      : [
          {
            offset: first + again,
            code: 'annotation' as const,
            message: `Annotation names the key "${key}" twice`,
            remedy: 'Keep one of them',
          },
        ],
  )
}

function unknownKeys(fields: Fields, at: (key: string) => number): Defect[] {
  return Object.keys(fields)
    .filter((key) => !knownKeys.includes(key))
    .map((key) => ({
      offset: at(key),
      code: 'annotation',
      message: `Annotation has the unknown key "${key}"`,
      remedy: `Remove it, or write one of ${knownKeys.join(', ')}`,
    }))
}

function wrongRepository(repo: unknown, image: ImageReference | null, offset: number): Defect[] {
  if (repo === undefined) return []
  const wrong = (message: string, remedy: string): Defect[] => [
    { offset, code: 'annotation', message, remedy },
  ]
  const named = typeof repo === 'string' ? parseRepository(repo) : null
  if (named === null) {
    return wrong(
      `Annotation names the repository ${JSON.stringify(repo)}: that is none`,
      'Write REGISTRY/NAME without tag and digest, or leave "repo" out',
    )
  }
  if (image === null || repositoryName(named) === repositoryName(image)) return []
  return wrong(
    `Annotation names the repository "${repositoryName(named)}": the line runs "${repositoryName(image)}"`,
    'Name the line’s own repository, or leave "repo" out',
  )
}

function parseRepository(text: string): ImageReference | null {
  try {
    const reference = parseImageReference(text)
    return reference.tag === null && reference.digest === null ? reference : null
  } catch (error) {
    if (error instanceof MagosError) return null
    throw error
  }
}

function readPolicy(fields: Fields, defaults: PolicyDefaults, offset: number): Annotation {
  const { repo: _, ...own } = fields
  const preset = defaultsFor(own['policy'], splitDelivery(defaults).rest)
  const presetDelivery = splitDelivery(defaults).delivery
  const written = tryPolicy(own, '', offset)
  if (written.policy === null) return written
  const all = { ...preset, ...presetDelivery, ...own }
  const complete = tryPolicy(all, 'The defaults of .magos.yaml do not fit: ', offset)
  return { ...complete, delivery: written.delivery }
}

function tryPolicy(fields: Fields, prefix: string, offset: number): Annotation {
  try {
    const { rest, delivery } = splitDelivery(fields)
    return { policy: parsePolicy(rest), delivery: parseDelivery(delivery), defects: [] }
  } catch (error) {
    if (!(error instanceof MagosError)) throw error
    const { message, remedy = `Write it as JSON, ${example}` } = error
    return refused([{ offset, code: 'policy', message: prefix + message, remedy }])
  }
}
