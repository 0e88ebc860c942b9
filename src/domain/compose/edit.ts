import { MagosError } from '../error.ts'
import {
  formatPin,
  parseImageReference,
  repositoryName,
  type ImageReference,
} from '../image-reference.ts'
import { spliceEnvironment } from './edit-environment.ts'
import { spliceYaml } from './edit-yaml.ts'
import type { ImageLine } from './image-line.ts'
import { checkSplices, refuseEdit, type Splice } from './splice.ts'
import { parseYamlFile, type YamlFile } from './yaml-file.ts'

export interface Edit {
  readonly image: EditedImage
  /** The reference to write. */
  readonly to: string
}

/** An image line, and why it may not be edited. */
export type EditedImage = Omit<ImageLine, 'obstacle'> & { readonly held: string | null }

/**
 * Writes new references into the file that holds them, which is each edit's `image.target.file`, and not one other byte.
 * The result is read again and must differ in the planned values alone. Throws `edit` with the place, and then nothing
 * of the file may be written. `parsed` is the text where somebody has read it already.
 */
export function editImages(
  file: string,
  text: string,
  edits: readonly Edit[],
  { parsed }: { readonly parsed?: YamlFile | undefined } = {},
): string {
  const splices = edits.map(({ image, to }) => planSplice(image, to))
  const ordered = checkSplices(file, text, splices)
  if (ordered.length === 0) return text
  return ordered.some(({ target }) => target.variable !== null)
    ? spliceEnvironment(file, text, ordered)
    : spliceYaml(parsed ?? parseYamlFile(file, text), ordered)
}

const heldRemedy = 'Write the reference out on a line of its own, or edit it by hand'

function planSplice(image: EditedImage, to: string): Splice {
  const { target, held, text, range } = image
  if (held !== null) throw refuseEdit(image, text, held, heldRemedy)
  const wanted = parseWanted(image, to)
  return { target, scalar: { text, range }, to: partOf(image, wanted, to), reference: to }
}

function parseWanted(image: EditedImage, to: string): ImageReference {
  try {
    return parseImageReference(to)
  } catch (error) {
    if (!(error instanceof MagosError)) throw error
    throw refuseEdit(image, to, error.message, error.remedy ?? heldRemedy, error)
  }
}

/** What is written where only the tag of the reference stands. */
function partOf(image: EditedImage, wanted: ImageReference, to: string): string {
  if (image.target.part === 'reference') return to
  const remedy = 'Write the whole reference on the line instead of a variable in it'
  if (image.image === null || repositoryName(image.image) !== repositoryName(wanted)) {
    throw refuseEdit(
      image,
      to,
      'only the tag is variable there, and this is another repository',
      remedy,
    )
  }
  if (wanted.tag === null) {
    throw refuseEdit(image, to, 'only the tag is variable there, and this has none', 'Name a tag')
  }
  return formatPin(wanted).slice(1)
}
