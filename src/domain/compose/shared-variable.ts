import { repositoryName } from '../image-reference.ts'
import type { ImageLine } from './image-line.ts'
import { variableNames } from './interpolation.ts'
import { leaves } from './leaves.ts'
import type { Project } from './project.ts'

/**
 * A variable of an environment file may stand in several places, which an edit would change along. Where all of them are
 * images of one repository, each names every service; where they are not, none may be edited.
 */
export function holdSharedVariables(
  project: Project,
  lines: readonly ImageLine[],
): readonly ImageLine[] {
  const targets = Map.groupBy(lines, ({ target }) =>
    target.variable === null ? null : JSON.stringify([target.file, target.variable]),
  )
  if ([...targets.keys()].every((key) => key === null)) return lines
  const uses = usesBeside(project, lines)
  const groups = new Map([...targets].map(([key, group]) => [key, sharing(group)]))
  return lines.map((line) => {
    const { variable, file } = line.target
    const group = groups.get(variable === null ? null : JSON.stringify([file, variable]))
    if (variable === null || group === undefined) return line
    const use = uses.get(variable)
    const { services } = group
    const obstacle =
      use === undefined
        ? otherImage(line, group)
        : `variable "${variable}" is used in ${use} too, where it is no service’s image`
    return { ...line, services, obstacle: line.obstacle ?? obstacle }
  })
}

/** What all lines of one variable have in common; made once, since there may be many. */
interface Sharing {
  readonly services: readonly string[]
  /** The first line of each image and each way to use the variable. */
  readonly firsts: ReadonlyMap<string, ImageLine>
}

function sharing(group: readonly ImageLine[]): Sharing {
  const firsts = new Map<string, ImageLine>()
  for (const line of group) {
    const use = useOf(line)
    if (!firsts.has(use)) firsts.set(use, line)
  }
  return { services: [...new Set(group.flatMap(({ services }) => services))], firsts }
}

function otherImage(line: ImageLine, { firsts }: Sharing): string | null {
  if (firsts.size < 2) return null
  const use = useOf(line)
  const other = [...firsts].find(([key]) => key !== use)?.[1]
  if (other === undefined) return null
  return `variable "${line.target.variable}" is used in ${other.file}:${other.line} too, for another image`
}

function useOf({ image, target }: ImageLine): string {
  return JSON.stringify([image === null ? null : repositoryName(image), target.part])
}

/** Where each variable stands that is not in an image; one place is enough to know. */
function usesBeside(project: Project, lines: readonly ImageLine[]): ReadonlyMap<string, string> {
  const images = new Set(lines.map(({ file, range }) => `${file} ${range[0]}`))
  const uses = new Map<string, string>()
  for (const yaml of project.read) {
    for (const { value, inner } of leaves(yaml)) {
      if (typeof value !== 'string' || inner === null || images.has(`${yaml.file} ${inner}`))
        continue
      for (const name of variableNames(value)) {
        if (!uses.has(name)) uses.set(name, `${yaml.file}:${yaml.place(inner).line}`)
      }
    }
  }
  return uses
}
