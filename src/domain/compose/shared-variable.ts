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
  return lines.map((line) => {
    const { variable, file } = line.target
    if (variable === null) return line
    const group = targets.get(JSON.stringify([file, variable])) ?? []
    const use = uses.get(variable)
    const services = [...new Set([line, ...group].flatMap((one) => one.services))]
    const obstacle =
      use === undefined
        ? otherImage(line, group)
        : `variable "${variable}" is used in ${use} too, where it is no service’s image`
    return { ...line, services, obstacle: line.obstacle ?? obstacle }
  })
}

function otherImage(line: ImageLine, group: readonly ImageLine[]): string | null {
  const other = group.find(
    (one) => nameOf(one) !== nameOf(line) || one.target.part !== line.target.part,
  )
  if (other === undefined) return null
  return `variable "${line.target.variable}" is used in ${other.file}:${other.line} too, for another image`
}

function nameOf({ image }: ImageLine): string | null {
  return image === null ? null : repositoryName(image)
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
