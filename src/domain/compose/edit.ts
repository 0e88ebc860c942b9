import { isScalar, parseDocument } from 'yaml'

import { MagosError } from '../error.ts'
import { parseImageReference } from '../image-reference.ts'
import { locateImages, type ImageLine } from './image-line.ts'
import { leaves } from './leaves.ts'
import type { ScannedImage } from './scan.ts'
import { parseYamlFile, type YamlFile } from './yaml-file.ts'

export interface Edit {
  readonly image: ScannedImage
  /** The reference to write. */
  readonly to: string
}

/**
 * Writes new references and not one other byte. The result is read again and must differ in the planned scalars
 * alone. Throws `edit` with the place, and then nothing of the file may be written.
 */
export function editImages(file: string, text: string, edits: readonly Edit[]): string {
  for (const { image } of edits) {
    if (image.held !== null) throw refusal(file, image, image.text, image.held, heldRemedy)
  }
  return splice(
    parseYamlFile(file, text),
    edits.map(({ image, to }) => ({ line: image, to })),
  )
}

/** One edit by hand: any valid reference, whatever the line's annotation says. Throws `edit` or `reference`. */
export function setImage(
  file: string,
  text: string,
  service: string,
  ref: string,
): {
  readonly text: string
  readonly line: number
  readonly column: number
  readonly before: string
  readonly after: string
  readonly services: readonly string[]
} {
  parseImageReference(ref)
  const yaml = parseYamlFile(file, text)
  refuseProblems(yaml)
  const lines = locateImages(yaml).lines.filter(({ services }) => services.includes(service))
  const line = lines.find(({ obstacle }) => obstacle === null) ?? lines.at(-1)
  if (line === undefined) {
    throw new MagosError('edit', `Cannot set the image of "${service}": no such image line`, {
      place: { file },
      remedy: 'Name a service that has an image in this very file',
    })
  }
  if (line.obstacle !== null) throw refusal(file, line, line.text, line.obstacle, heldRemedy)
  const edited = splice(yaml, [{ line, to: ref }])
  const { column, services, text: before } = line
  return { text: edited, line: line.line, column, before, after: ref, services }
}

const heldRemedy = 'Write the reference out on a line of its own, or edit it by hand'

type Line = Pick<ImageLine, 'line' | 'column' | 'text' | 'range'>
interface Splice {
  readonly line: Line
  readonly to: string
}

function splice(before: YamlFile, splices: readonly Splice[]): string {
  const { file, text } = before
  refuseProblems(before)
  const ordered = splices.toSorted((a, b) => a.line.range[0] - b.line.range[0])
  let written = ''
  let at = 0
  for (const { line, to } of ordered) {
    const [from, end] = line.range
    checkReference(file, line, to)
    if (from < at) throw refusal(file, line, to, 'two edits want the same place', 'Make one edit')
    if (text.slice(from, end) !== line.text) {
      throw refusal(file, line, to, 'the file changed since it was scanned', 'Scan it again')
    }
    written += text.slice(at, from) + to
    at = end
  }
  written += text.slice(at)
  verify(before, parseYamlFile(file, written), ordered)
  return written
}

function refuseProblems({ file, problems }: YamlFile): void {
  const [problem] = problems
  if (problem === undefined) return
  const { line, column, message, remedy } = problem
  throw new MagosError('edit', `Cannot edit "${file}": ${message}`, {
    place: { file, line, column },
    ...(remedy === undefined ? {} : { remedy }),
  })
}

function checkReference(file: string, line: Line, to: string): void {
  try {
    parseImageReference(to)
  } catch (error) {
    if (!(error instanceof MagosError)) throw error
    throw refusal(file, line, to, error.message, error.remedy ?? heldRemedy, error)
  }
}

/** The proof: same leaves in the same order, and those that differ are the planned ones with the planned text. */
function verify(before: YamlFile, after: YamlFile, splices: readonly Splice[]): void {
  const { file } = before
  const [problem] = after.problems
  const [first] = splices
  if (first === undefined) return
  const broken = (line: Line, to: string) =>
    refusal(file, line, to, 'it would change more than this value', 'Put the value in quotes')
  if (problem !== undefined) throw broken(first.line, first.to)
  const old = leaves(before)
  const now = leaves(after)
  const planned = new Map(splices.map((one) => [one.line.range[0], one]))
  for (const [index, leaf] of old.entries()) {
    const other = now[index]
    const plan = leaf.inner === null ? undefined : planned.get(leaf.inner)
    if (plan === undefined) {
      if (other?.text !== leaf.text) throw broken(first.line, first.to)
      continue
    }
    const { line, to } = plan
    const sameShape = other?.shape === leaf.shape && other.value === to
    if (!sameShape || (other.plain && !isText(to))) throw broken(line, to)
    planned.delete(line.range[0])
  }
  const [missed] = planned.values()
  if (missed !== undefined) throw broken(missed.line, missed.to)
  if (old.length !== now.length || !sameLines(before.text, after.text, splices)) {
    throw broken(first.line, first.to)
  }
}

/** YAML 1.1 readers take more for numbers than 1.2 ones do; a reference must be a text to both. With a slash or an @ it is one. */
function isText(plain: string): boolean {
  if (/[/@]/.test(plain)) return true
  return (['1.1', '1.2'] as const).every((version) => {
    const { contents } = parseDocument(plain, { version, logLevel: 'silent' })
    return isScalar(contents) && contents.value === plain
  })
}

function sameLines(before: string, after: string, splices: readonly Splice[]): boolean {
  const planned = new Set(splices.map(({ line }) => line.line))
  const [old, now] = [before.split('\n'), after.split('\n')]
  return (
    old.length === now.length &&
    old.every((text, index) => planned.has(index + 1) || text === now[index])
  )
}

function refusal(
  file: string,
  { line, column }: { readonly line: number; readonly column: number },
  value: string,
  reason: string,
  remedy: string,
  cause?: unknown,
): MagosError {
  return new MagosError('edit', `Cannot edit image ${JSON.stringify(value)}: ${reason}`, {
    place: { file, line, column },
    remedy,
    cause,
  })
}
