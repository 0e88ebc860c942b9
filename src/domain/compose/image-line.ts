import type { Node, Scalar } from 'yaml'

import { MagosError } from '../error.ts'
import { parseImageReference, type ImageReference } from '../image-reference.ts'
import type { Problem } from '../problem.ts'
import { readServices, type Service } from './service.ts'
import { start, type YamlDocument } from './yaml-document.ts'
import type { YamlFile } from './yaml-file.ts'

/** A scalar that is the image of services, where it is defined. */
export interface ImageLine {
  readonly line: number
  readonly column: number
  readonly services: readonly string[]
  readonly text: string
  /** null where the text is no plain reference. */
  readonly image: ImageReference | null
  /** Why nobody may edit this scalar; null where it can be edited exactly. */
  readonly obstacle: string | null
  /** [start, end) of the reference inside its quotes. */
  readonly range: readonly [number, number]
}

/** Finds every scalar that is some service's image, in the order of the file. */
export function locateImages(yaml: YamlFile): {
  readonly lines: readonly ImageLine[]
  readonly problems: readonly Problem[]
} {
  const problems: Problem[] = []
  const documents = yaml.documents.map((document) => ({
    document,
    services: readServices(yaml, document, problems),
  }))
  const last = new Map<string, Node>()
  const built = new Set<string>()
  for (const { services } of documents) {
    for (const { name, image, reset, builds } of services) {
      const ruling = image?.scalar ?? reset
      if (ruling !== null) last.set(name, ruling)
      if (builds) built.add(name)
    }
  }
  const lines = documents.flatMap(({ document, services }) => {
    const users = Map.groupBy(
      services.filter(({ image }) => image !== null),
      ({ image }) => image?.scalar,
    )
    return [...users].flatMap(([scalar, group]) =>
      scalar === undefined ? [] : [imageLine(yaml, document, scalar, group, last, built)],
    )
  })
  return { lines: lines.toSorted((a, b) => a.range[0] - b.range[0]), problems }
}

function imageLine(
  yaml: YamlFile,
  document: YamlDocument,
  scalar: Scalar,
  users: readonly Service[],
  last: ReadonlyMap<string, Node>,
  built: ReadonlySet<string>,
): ImageLine {
  const text = String(scalar.value)
  const range = innerRange(yaml.text, scalar)
  const effective = users.filter(({ name }) => last.get(name) === scalar)
  const services = (effective.length > 0 ? effective : users).map(({ name }) => name)
  const parsed = parseText(text)
  const [overriding] = effective.length > 0 ? [] : users.map(({ name }) => last.get(name))
  const obstacle =
    overridden(yaml, overriding) ??
    buildBeside(services, built) ??
    unusualScalar(yaml.text, scalar, range) ??
    otherUse(yaml, document, scalar, users) ??
    (typeof parsed === 'string' ? parsed : null)
  return {
    ...yaml.place(range[0]),
    services,
    text,
    image: typeof parsed === 'string' ? null : parsed,
    obstacle,
    range,
  }
}

function innerRange(text: string, scalar: Scalar): readonly [number, number] {
  const [from, to] = [scalar.range?.[0] ?? 0, scalar.range?.[1] ?? 0]
  if (scalar.type === 'QUOTE_SINGLE' || scalar.type === 'QUOTE_DOUBLE') return [from + 1, to - 1]
  if (scalar.type === 'PLAIN') return [from, to]
  const value = String(scalar.value).trim()
  const inner = value === '' ? -1 : text.slice(from, to).lastIndexOf(value)
  return inner === -1 ? [from, to] : [from + inner, from + inner + value.length]
}

/** The reference, or why the text is none. */
function parseText(text: string): ImageReference | string {
  if (text.includes('$')) return 'its value holds a variable, which comes from the environment'
  try {
    return parseImageReference(text)
  } catch (error) {
    if (error instanceof MagosError) return error.message
    throw error
  }
}

function overridden(yaml: YamlFile, by: Node | undefined): string | null {
  if (by === undefined) return null
  return `a later document of the file overrides it in line ${yaml.place(start(by)).line}`
}

function buildBeside(services: readonly string[], built: ReadonlySet<string>): string | null {
  const name = services.find((service) => built.has(service))
  return name === undefined ? null : `service "${name}" builds its image, so it only names it`
}

function unusualScalar(
  text: string,
  scalar: Scalar,
  [from, to]: readonly [number, number],
): string | null {
  if (scalar.type === 'BLOCK_FOLDED' || scalar.type === 'BLOCK_LITERAL') {
    return 'it is written as a block scalar'
  }
  if (scalar.tag !== undefined && scalar.tag !== 'tag:yaml.org,2002:str') {
    return `it carries the tag "${scalar.tag}"`
  }
  return text.slice(from, to) === scalar.value
    ? null
    : 'it is written with escapes or over several lines'
}

/** An anchored scalar may stand for other values too, which an edit would change along. */
function otherUse(
  yaml: YamlFile,
  document: YamlDocument,
  scalar: Scalar,
  users: readonly Service[],
): string | null {
  if (scalar.anchor === undefined) return null
  const images = new Set(users.flatMap(({ image }) => image?.aliases ?? []))
  for (const [alias, target] of document.targets) {
    if (target !== scalar || images.has(alias)) continue
    return `its anchor "&${scalar.anchor}" is used in line ${yaml.place(start(alias)).line} too, where it is no service’s image`
  }
  return null
}
