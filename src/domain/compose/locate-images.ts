import type { Alias, Node } from 'yaml'

import type { Problem } from '../problem.ts'
import { imageAliases, imageLine, readDocuments, type ImageLine } from './image-line.ts'
import type { Project, ProjectFile } from './project.ts'
import type { Service } from './service.ts'
import { holdSharedVariables } from './shared-variable.ts'
import { start } from './yaml-document.ts'
import type { YamlFile } from './yaml-file.ts'

/** A service without an image line, and what stands in its way. */
export interface Imageless {
  readonly file: string
  readonly service: string
  readonly line: number
  readonly column: number
  readonly reason: string
}

export interface LocatedImages {
  /** In the order of the files and their text. */
  readonly lines: readonly ImageLine[]
  readonly without: readonly Imageless[]
  readonly problems: readonly Problem[]
}

/** Finds every scalar that is some service's image. */
export function locateImages(project: Project): LocatedImages {
  const files = project.files.map((file) => ({ file, documents: readDocuments(project, file) }))
  const all = files.flatMap(({ documents }) => documents.flat())
  const built = new Set(all.flatMap(({ name, builds }) => (builds ? [name] : [])))
  const aliases = imageAliases(project)
  const lines = files.flatMap(({ file, documents }) => {
    const whole = { last: lastOnes(documents), built, aliases }
    return documents.flatMap((services) => linesOf(file, services, whole))
  })
  const without = files.flatMap(({ file, documents }) => imageless(file, documents.flat()))
  const order = new Map(project.read.map(({ file }, index) => [file, index]))
  const merged = holdSharedVariables(project, mergeLines(lines))
  return {
    lines: merged.toSorted(
      (a, b) => (order.get(a.file) ?? 0) - (order.get(b.file) ?? 0) || a.range[0] - b.range[0],
    ),
    without: without.filter(
      ({ service }) => !lines.some(({ services }) => services.includes(service)),
    ),
    problems: files.flatMap(({ file, documents }) => oddImages(file.yaml, documents.flat())),
  }
}

/** What rules each service's image in the end: the last document that says something of it. */
function lastOnes(documents: readonly (readonly Service[])[]): ReadonlyMap<string, Node> {
  const last = new Map<string, Node>()
  for (const { name, image, reset } of documents.flat()) {
    const ruling = image?.scalar ?? reset
    if (ruling !== null) last.set(name, ruling)
  }
  return last
}

/** What one document cannot tell. */
interface Whole {
  readonly last: ReadonlyMap<string, Node>
  readonly built: ReadonlySet<string>
  readonly aliases: ReadonlySet<Alias>
}

function linesOf(
  { yaml, environment }: ProjectFile,
  services: readonly Service[],
  { last, built, aliases }: Whole,
): readonly ImageLine[] {
  const users = Map.groupBy(services, ({ image }) => image?.scalar)
  return [...users].flatMap(([scalar, group]) => {
    const image = group[0]?.image ?? null
    if (scalar === undefined || image === null) return []
    const effective = group.filter(({ name }) => last.get(name) === scalar)
    const names = (effective.length > 0 ? effective : group).map(({ name }) => name)
    const [by] = effective.length > 0 ? [] : group.map(({ name }) => last.get(name))
    const builder = names.find((name) => built.has(name))
    const line = imageLine(image, environment, aliases)
    const first = overridden(yaml, by) ?? buildBeside(builder) ?? baseless(group)
    return [
      {
        ...line,
        services: names,
        origin: builder === undefined ? ('registry' as const) : ('build' as const),
        obstacle: first ?? line.obstacle,
      },
    ]
  })
}

function overridden(yaml: YamlFile, by: Node | undefined): string | null {
  if (by === undefined) return null
  return `a later document of the file overrides it in line ${yaml.place(start(by)).line}`
}

function buildBeside(name: string | undefined): string | null {
  return name === undefined ? null : `service "${name}" builds its image, so it only names it`
}

/** A base that nobody can read may build the image, or say anything else of it. */
function baseless(users: readonly Service[]): string | null {
  const user = users.find(({ lost }) => lost !== null)
  return user === undefined ? null : `service "${user.name}" extends what cannot be read`
}

/** The same scalar reached on several ways, and changed in the same place, is one line. */
function mergeLines(lines: readonly ImageLine[]): readonly ImageLine[] {
  const ways = Map.groupBy(lines, ({ file, range, target }) =>
    JSON.stringify([file, range[0], target.file, target.range[0]]),
  )
  return [...ways.values()].flatMap(([first, ...others]) => {
    if (first === undefined) return []
    const all = [first, ...others]
    return [
      {
        ...first,
        services: [...new Set(all.flatMap(({ services }) => services))],
        origin: all.find(({ origin }) => origin === 'build')?.origin ?? first.origin,
        obstacle: all.find(({ obstacle }) => obstacle !== null)?.obstacle ?? null,
      },
    ]
  })
}

function imageless({ yaml }: ProjectFile, services: readonly Service[]): readonly Imageless[] {
  return services.flatMap(({ name, image, odd, lost, reset, offset }) => {
    if (image !== null) return []
    const at = odd?.offset ?? (reset === null ? (lost ?? offset) : start(reset))
    const why = lost === null ? 'it has none' : 'it extends what cannot be read'
    const reason = odd?.reason ?? (reset === null ? why : 'it is reset')
    const { line, column } = yaml.place(at)
    return [{ file: yaml.file, service: name, line, column, reason }]
  })
}

function oddImages(yaml: YamlFile, services: readonly Service[]): readonly Problem[] {
  return services.flatMap(({ name, odd }) =>
    odd === null
      ? []
      : [
          {
            file: yaml.file,
            ...yaml.place(odd.offset),
            severity: 'error',
            code: 'compose',
            message: `Cannot read the image of service "${name}": ${odd.reason}`,
            remedy: 'Write a reference, in quotes where YAML takes it for a number',
          },
        ],
  )
}
