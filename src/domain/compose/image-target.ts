import { isDigest, isTag, parseImageReference, type ImageReference } from '../image-reference.ts'
import { MagosError } from '../error.ts'
import { assignmentOf, type EnvironmentFile } from './environment-file.ts'
import { readInterpolation, type Interpolation } from './interpolation.ts'

/** Where an image is written down: on its line, in a variable's default, or in an environment file. */
export interface EditTarget {
  readonly file: string
  readonly line: number
  readonly column: number
  /** [start, end) in the file's text, in UTF-16 units. */
  readonly range: readonly [number, number]
  /** What stands there. */
  readonly text: string
  /** How much of the reference stands there: all of it, or the tag and what is behind it. */
  readonly part: 'reference' | 'tag'
  /** The variable that is set there, in an environment file; null in a compose file. */
  readonly variable: string | null
}

/** What an image's text means, and where it can be changed. */
export interface Meaning {
  /** null where it is not known or no reference. */
  readonly image: ImageReference | null
  readonly target: EditTarget
  /** Why nobody may change it there; null where it can be changed exactly. */
  readonly obstacle: string | null
}

/** Reads an image's text; `line` is the target that the scalar itself would be. */
export function readMeaning(line: EditTarget, environment: readonly EnvironmentFile[]): Meaning {
  if (!line.text.includes('$')) return readReference(line, line.text, null)
  const found = readInterpolation(line.text)
  if (typeof found === 'string') return { image: null, target: line, obstacle: found }
  const set = setIn(environment, found)
  if (typeof set === 'string') return { image: null, target: line, obstacle: set }
  if (set !== null) return readPart(set, found)
  if (found.operator === ':-' || found.operator === '-')
    return readPart(fallback(line, found), found)
  return { image: null, target: line, obstacle: elsewhere(found, environment) }
}

function readReference(target: EditTarget, text: string, obstacle: string | null): Meaning {
  try {
    return { image: parseImageReference(text), target, obstacle }
  } catch (error) {
    if (!(error instanceof MagosError)) throw error
    return { image: null, target, obstacle: error.message }
  }
}

/** The assignment that the variable takes; null where none does, a text where it cannot be edited. */
function setIn(
  environment: readonly EnvironmentFile[],
  { name, operator }: Interpolation,
): EditTarget | string | null {
  for (const source of environment) {
    const { file, defect } = source
    if (defect !== null) {
      return `variable "${name}" is controlled by ${file}, whose line ${defect.line} cannot be read`
    }
    const found = assignmentOf(source, name)
    if (found === null) continue
    if (found.value === '' && operator === ':-') return null
    const { line, column, range, value: text, obstacle } = found
    if (obstacle !== null) {
      return `variable "${name}" is controlled by ${file}:${line}, and ${obstacle}`
    }
    if (operator === '+') return `variable "${name}" only switches between two values`
    return { file, line, column, range, text, part: 'reference', variable: name }
  }
  return operator === '+' ? `variable "${name}" only switches between two values` : null
}

function fallback(line: EditTarget, { range: [from, to], fallback: text }: Interpolation) {
  const [start] = line.range
  const range: [number, number] = [start + from, start + to]
  return { ...line, column: line.column + from, range, text }
}

/** A variable is edited where it holds a whole reference, or all that stands behind the colon of one. */
function readPart(target: EditTarget, { name, before, after }: Interpolation): Meaning {
  const whole = readReference({ ...target, part: 'tag' }, before + target.text + after, null)
  if (whole.obstacle !== null || (before === '' && after === '')) {
    return { ...whole, target: { ...target, part: 'reference' } }
  }
  const isNamed = before.endsWith(':') && !before.includes('@') && isPin(target.text)
  if (after === '' && isNamed) return whole
  const obstacle = `variable "${name}" is neither a whole reference nor all of its tag`
  return { ...whole, obstacle }
}

function isPin(text: string): boolean {
  const [tag = '', digest] = text.split('@', 2)
  return isTag(tag) && (digest === undefined || isDigest(digest))
}

function elsewhere({ name }: Interpolation, environment: readonly EnvironmentFile[]): string {
  const [first] = environment
  return first === undefined
    ? `variable "${name}" is controlled by the environment or a .env that is not here`
    : `variable "${name}" is controlled by the environment: ${first.file} does not set it`
}
