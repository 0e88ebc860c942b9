import { hasAnnotation, readAnnotation, type PolicyDefaults } from '../annotation.ts'
import type { ImageReference } from '../image-reference.ts'
import type { Policy } from '../policy/policy.ts'
import type { Problem } from '../problem.ts'
import { locateImages, type ImageLine } from './image-line.ts'
import { parseYamlFile, type Comment, type YamlFile } from './yaml-file.ts'

export type { Problem } from '../problem.ts'

/** One image line of a compose file. */
export interface ScannedImage {
  readonly file: string
  readonly line: number
  readonly column: number
  /** Every service that runs this line's image. */
  readonly services: readonly string[]
  /** The scalar's value, as Compose reads it. */
  readonly text: string
  /** null where the value is no plain reference (a variable, say); then `held` says why. */
  readonly image: ImageReference | null
  /** null where the line has no (valid) annotation. */
  readonly policy: Policy | null
  /** Why an update must leave this line alone; null where it may be edited. */
  readonly held: string | null
  /** Range of the reference inside its quotes in the file's text, in UTF-16 units: [start, end). */
  readonly range: readonly [number, number]
}

export interface ScanResult {
  readonly images: readonly ScannedImage[]
  readonly problems: readonly Problem[]
}

/** Every image of a compose file, annotated or not. Never throws: whatever is wrong stands in `problems`. */
export function scanComposeFile(
  file: string,
  text: string,
  { defaults }: { readonly defaults: PolicyDefaults },
): ScanResult {
  const yaml = parseYamlFile(file, text)
  const { lines, problems } = locateImages(yaml)
  const comments = yaml.comments.filter((comment) => hasAnnotation(comment.text))
  const commentOf = new Map(comments.map((comment) => [comment.line, comment]))
  const imagesOf = Map.groupBy(lines, ({ line }) => line)
  const found: Problem[] = [...yaml.problems, ...problems]
  const images: ScannedImage[] = []
  for (const { obstacle, ...line } of lines) {
    const comment = commentOf.get(line.line)
    const crowd = imagesOf.get(line.line) ?? []
    const verdict =
      comment === undefined ? noVerdict : judge(yaml, line.image, crowd, comment, defaults)
    const [first] = verdict.problems
    images.push({
      file,
      ...line,
      policy: verdict.policy,
      held: obstacle ?? first?.message ?? null,
    })
    if (crowd[0]?.range === line.range) found.push(...verdict.problems)
  }
  if (yaml.documents.length > 0) {
    const idle = comments.filter(({ line }) => !imagesOf.has(line))
    found.push(...idle.flatMap((comment) => idleAnnotation(yaml, comment)))
  }
  return { images, problems: found }
}

interface Verdict {
  readonly policy: Policy | null
  readonly problems: readonly Problem[]
}

const noVerdict: Verdict = { policy: null, problems: [] }

function judge(
  yaml: YamlFile,
  image: ImageReference | null,
  crowd: readonly ImageLine[],
  comment: Comment,
  defaults: PolicyDefaults,
): Verdict {
  const problem = (offset: number, code: string, message: string, remedy: string): Problem => ({
    file: yaml.file,
    ...yaml.place(comment.offset + offset),
    severity: 'error',
    code,
    message,
    remedy,
  })
  if (crowd.length > 1) {
    const message = 'Annotation stands on a line with several images'
    const remedy = 'Give each image a line of its own'
    return { policy: null, problems: [problem(0, 'annotation', message, remedy)] }
  }
  const annotation = readAnnotation(comment.text, image, defaults)
  const defects = annotation?.defects ?? []
  return {
    policy: annotation?.policy ?? null,
    problems: defects.map(({ offset, code, message, remedy }) =>
      problem(offset, code, message, remedy),
    ),
  }
}

/** An annotation that no image line carries manages nothing, which its author should know. */
function idleAnnotation(yaml: YamlFile, comment: Comment): Problem[] {
  const before = yaml.text.slice(yaml.text.lastIndexOf('\n', comment.offset) + 1, comment.offset)
  const wholeLine = before.trim() === ''
  if (wholeLine && /\bimage["']?\s*:/.test(comment.text)) return []
  return [
    {
      file: yaml.file,
      ...yaml.place(comment.offset),
      severity: wholeLine ? 'warning' : 'error',
      code: 'annotation',
      message: 'Annotation stands on a line that is no service’s image',
      remedy: 'Put it behind the image it means; for an alias, behind its anchor’s definition',
    },
  ]
}
