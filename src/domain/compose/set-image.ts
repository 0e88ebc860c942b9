import { MagosError, type Place } from '../error.ts'
import { parseImageReference } from '../image-reference.ts'
import type { Problem } from '../problem.ts'
import { editImages } from './edit.ts'
import { refuseProblems } from './edit-yaml.ts'
import { locateImages, type Imageless, type LocatedImages } from './locate-images.ts'
import type { Project } from './project.ts'

export interface SetImage {
  /** The file that holds the image; not always the one that names the service. */
  readonly file: string
  readonly line: number
  readonly column: number
  readonly text: string
  readonly before: string
  readonly after: string
  readonly services: readonly string[]
  readonly change: 'changed' | 'unchanged'
}

/**
 * One edit by hand to the image of a service of `file`: any valid reference, whatever the line's annotation says, in the
 * file that owns the line. Throws `edit` or `reference`.
 */
export function setImage(project: Project, file: string, service: string, ref: string): SetImage {
  parseImageReference(ref)
  const named = project.read.find((yaml) => yaml.file === file)
  if (named !== undefined) refuseProblems(named)
  const located = locateImages(project)
  const all = located.lines.filter(({ services }) => services.includes(service))
  // The file's own, where another of the project says it too.
  const own = all.filter((one) => one.file === file)
  const lines = own.length > 0 ? own : all
  const line = lines.find(({ obstacle }) => obstacle === null) ?? lines.at(-1)
  if (line === undefined) throw noImage(project, located, file, service)
  const { target, services, obstacle: held } = line
  const before = project.texts.get(target.file) ?? ''
  const parsed = project.read.find((yaml) => yaml.file === target.file)
  const edits = [{ image: { ...line, held }, to: ref }]
  const edited = editImages(target.file, before, edits, { parsed })
  return {
    file: target.file,
    line: target.line,
    // A column is where the reference begins, though only its tag is written.
    column: target.variable === null && target.part === 'tag' ? line.column : target.column,
    text: edited,
    before: line.image?.text ?? line.text,
    after: ref,
    services,
    change: edited === before ? 'unchanged' : 'changed',
  }
}

function noImage(
  { problems }: Project,
  { without }: LocatedImages,
  file: string,
  service: string,
): MagosError {
  const found = without.find((one) => one.service === service)
  const [problem] = problems
  // It may stand in a file that the project leads to and nobody can read.
  if (found === undefined && problem !== undefined) return unreadable(problem, service)
  const reason = found?.reason ?? 'there is no such service'
  return new MagosError('edit', `Cannot set the image of "${service}": ${reason}`, {
    place: found === undefined ? { file } : placeOf(found),
    remedy:
      found === undefined
        ? 'Name a service of this file, or of one that it includes'
        : 'Give the service an image, as a text on one line',
  })
}

function unreadable({ file, line, column, message, remedy }: Problem, service: string): MagosError {
  const reason = `no file that can be read has that service: ${message}`
  return new MagosError('edit', `Cannot set the image of "${service}": ${reason}`, {
    place: { file, line, column },
    ...(remedy === undefined ? {} : { remedy }),
  })
}

function placeOf({ file, line, column }: Imageless): Place {
  return { file, line, column }
}
