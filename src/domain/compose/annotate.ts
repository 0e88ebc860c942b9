import { hasAnnotation } from '../annotation.ts'
import { proposePolicy } from '../policy/propose.ts'
import { leaves } from './leaves.ts'
import { scanComposeFile, type Problem, type ScannedImage } from './scan.ts'
import { parseYamlFile } from './yaml-file.ts'

/** An annotation for a line that has none. */
export interface Proposal {
  readonly image: ScannedImage
  /** The comment that is added, with its `#` where the line has none yet. */
  readonly comment: string
  readonly reason: string
}

export interface Annotated {
  /** The file with every proposal written; the same where there is none. */
  readonly text: string
  readonly proposals: readonly Proposal[]
  /** Lines without annotation that get none, and why. */
  readonly skipped: readonly { readonly image: ScannedImage; readonly reason: string }[]
  readonly problems: readonly Problem[]
}

type Settings = Parameters<typeof scanComposeFile>[2]

/**
 * Adds a comment behind every image that can have a policy, and changes no other byte. Each is read again after it was
 * written: what would not be bound to its image, or would change anything else, is left out and said.
 */
export function annotateComposeFile(file: string, text: string, settings: Settings): Annotated {
  const { images, problems } = scanComposeFile(file, text, settings)
  const yaml = parseYamlFile(file, text)
  const comments = new Map(yaml.comments.map((comment) => [comment.line, comment.text]))
  const crowded = Map.groupBy(images, ({ noted }) => noted.line)
  const proposals: Proposal[] = []
  const skipped: { image: ScannedImage; reason: string }[] = []
  let written = text
  // From the end, so that places before it stay.
  for (const image of images.toReversed()) {
    const comment = comments.get(image.noted.line)
    if (comment !== undefined && hasAnnotation(comment)) continue
    const skip = (reason: string) => skipped.unshift({ image, reason })
    if (image.held !== null || image.image === null) skip(image.held ?? 'it is no reference')
    else if ((crowded.get(image.noted.line)?.length ?? 0) > 1)
      skip('several images stand on its line')
    else {
      const { fields, reason } = proposePolicy(image.image)
      const note = `{"magos": {${Object.entries(fields).map(quoted).join(', ')}}}`
      const added = comment === undefined ? `# ${note}` : note
      const next = appendToLine(written, image.noted.offset, added)
      if (isBound(file, written, next, image, settings)) {
        written = next
        proposals.unshift({ image, comment: added, reason })
      } else {
        skip(unboundReason(file, next, image, settings))
      }
    }
  }
  return { text: written, proposals, skipped, problems }
}

function quoted([key, value]: readonly [string, string]): string {
  return `${JSON.stringify(key)}: ${JSON.stringify(value)}`
}

/** Behind whatever ends the line, in front of its line break. */
function appendToLine(text: string, from: number, added: string): string {
  const newline = text.indexOf('\n', from)
  const end = newline === -1 ? text.length : newline
  const at = text.charAt(end - 1) === '\r' && newline !== -1 ? end - 1 : end
  const gap = /[ \t]$/.test(text.slice(from, at)) ? '' : added.startsWith('#') ? '  ' : ' '
  return text.slice(0, at) + gap + added + text.slice(at)
}

/** Whether the new text says what the old one did, with this one image annotated. */
function isBound(
  file: string,
  before: string,
  after: string,
  { range }: ScannedImage,
  settings: Settings,
): boolean {
  const [old, now] = [before, after].map((text) => ({
    scan: scanComposeFile(file, text, settings),
    values: valuesOf(file, text),
  }))
  if (old === undefined || now === undefined || old.values === null) return false
  if (old.values !== now.values || old.scan.problems.length !== now.scan.problems.length)
    return false
  return (
    old.scan.images.length === now.scan.images.length &&
    old.scan.images.every((image, index) => {
      const other = now.scan.images[index]
      const isMeant = image.range[0] === range[0]
      return (
        other?.text === image.text &&
        other.services.join() === image.services.join() &&
        (isMeant ? other.policy !== null && other.held === null : isSamePolicy(image, other))
      )
    })
  )
}

/** Why an annotation would not be taken: defaults of the repository may be what is wrong. */
function unboundReason(
  file: string,
  after: string,
  { range }: ScannedImage,
  settings: Settings,
): string {
  const { images } = scanComposeFile(file, after, settings)
  const held = images.find((image) => image.range[0] === range[0])?.held ?? null
  return held ?? 'a comment behind it would not be its own: give the image a line of its own'
}

function isSamePolicy(a: ScannedImage, b: ScannedImage): boolean {
  return JSON.stringify([a.policy, a.held]) === JSON.stringify([b.policy, b.held])
}

/** Everything but comments and layout; null for a file that cannot be read. */
function valuesOf(file: string, text: string): string | null {
  const yaml = parseYamlFile(file, text)
  return yaml.problems.length > 0 ? null : JSON.stringify(leaves(yaml).map((leaf) => leaf.text))
}
