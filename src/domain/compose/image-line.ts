import type { Alias, Scalar } from 'yaml'

import type { ImageReference } from '../image-reference.ts'
import type { EnvironmentFile } from './environment-file.ts'
import { readMeaning, type EditTarget } from './image-target.ts'
import type { Project, ProjectFile } from './project.ts'
import { innerRange } from './scalar-range.ts'
import type { Service, ServiceImage } from './service.ts'
import { start } from './yaml-document.ts'

/** A scalar that is the image of services, where it is defined. */
export interface ImageLine {
  readonly file: string
  readonly line: number
  readonly column: number
  /** Every service whose image an edit changes. */
  readonly services: readonly string[]
  readonly text: string
  /** What the text means, variables put in where they are known; null where it is no reference. */
  readonly image: ImageReference | null
  /** `build` where a service builds it, so that the image only names the result. */
  readonly origin: 'registry' | 'build'
  /** Why nobody may edit it; null where it can be edited exactly. */
  readonly obstacle: string | null
  /** [start, end) of the text inside its quotes. */
  readonly range: readonly [number, number]
  /** Where an edit writes. */
  readonly target: EditTarget
  /** The line whose comment is this image's, which for a block is its first, and an offset on it. */
  readonly noted: { readonly line: number; readonly offset: number }
}

/**
 * Reads a scalar that is an image: what it means, where it is edited, and what of itself stands in the way. `aliases` are
 * those that stand for images.
 */
export function imageLine(
  image: ServiceImage,
  environment: readonly EnvironmentFile[],
  aliases: ReadonlySet<Alias>,
): Omit<ImageLine, 'services' | 'origin'> {
  const { yaml, scalar } = image
  const text = String(scalar.value)
  const range = innerRange(yaml.text, scalar)
  const place = { file: yaml.file, ...yaml.place(range[0]) }
  const own = { ...place, range, text, part: 'reference', variable: null } as const
  const meaning = readMeaning(own, environment)
  const obstacle = unusualScalar(image, range) ?? otherUse(image, aliases)
  const offset = isBlock(scalar) ? start(scalar) : range[1]
  return {
    ...meaning,
    ...place,
    text,
    range,
    noted: { line: isBlock(scalar) ? yaml.place(offset).line : place.line, offset },
    obstacle: obstacle ?? meaning.obstacle,
  }
}

/** The services of each document of a file. */
export function readDocuments(
  project: Project,
  file: ProjectFile,
): readonly (readonly Service[])[] {
  return project
    .services(file)
    .map(({ services }) => services.names.flatMap((name) => services.get(name) ?? []))
}

function unusualScalar(
  { yaml, scalar }: ServiceImage,
  [from, to]: readonly [number, number],
): string | null {
  if (scalar.tag !== undefined && scalar.tag !== 'tag:yaml.org,2002:str') {
    return `it carries the tag "${scalar.tag}"`
  }
  if (yaml.text.slice(from, to) === scalar.value) return null
  return isBlock(scalar)
    ? 'it is written as a block scalar that holds more than one line, or ends with a line break'
    : 'it is written with escapes or over several lines'
}

function isBlock({ type }: Scalar): boolean {
  return type === 'BLOCK_FOLDED' || type === 'BLOCK_LITERAL'
}

/** Aliases that stand for some service's image, or lead to it, in whatever file. */
export function imageAliases(project: Project): ReadonlySet<Alias> {
  const services = project.reached.flatMap((file) => readDocuments(project, file).flat())
  return new Set(services.flatMap(({ image }) => image?.aliases ?? []))
}

/** An anchored scalar may stand for other values too, which an edit would change along. */
function otherUse(
  { yaml, document, scalar }: ServiceImage,
  aliases: ReadonlySet<Alias>,
): string | null {
  if (scalar.anchor === undefined) return null
  for (const [alias, target] of document.targets) {
    if (target !== scalar || aliases.has(alias)) continue
    return `its anchor "&${scalar.anchor}" is used in line ${yaml.place(start(alias)).line} too, where it is no service’s image`
  }
  return null
}
