import { isEncrypted } from './encrypted.ts'
import { hasAnnotation, readAnnotation, type PolicyDefaults } from '../annotation.ts'
import { noDelivery, type Delivery } from '../delivery.ts'
import type { ImageReference } from '../image-reference.ts'
import type { Policy } from '../policy/policy.ts'
import type { Problem } from '../problem.ts'
import { declaredServices, type DeclaredServices } from './declared-services.ts'
import type { ImageLine } from './image-line.ts'
import { locateImages } from './locate-images.ts'
import { misspellings, nearAnnotation } from './misspelling.ts'
import { noFiles, type ProjectFiles } from './project-files.ts'
import { readProject, type ProjectSource } from './project.ts'
import { parentOf } from './tree-path.ts'
import type { Comment, YamlFile } from './yaml-file.ts'

export type { Problem } from '../problem.ts'

/** One image line of a compose file, with what its annotation says. */
export interface ScannedImage extends Omit<ImageLine, 'obstacle'> {
  /** `broken` where an annotation stands on the line and cannot be read. */
  readonly annotation: 'none' | 'read' | 'broken'
  /** null where the line has no (valid) annotation. */
  readonly policy: Policy | null
  readonly delivery: Delivery
  /** Why an update must leave this line alone; null where it may be edited. */
  readonly held: string | null
}

export interface ScanResult {
  readonly images: readonly ScannedImage[]
  readonly problems: readonly Problem[]
}

/** What a project's files hold. */
export interface ScannedProject extends ScanResult {
  /** Texts of every file that was read or may be edited. */
  readonly texts: ReadonlyMap<string, string>
  /** null where not everything could be read. */
  readonly services: DeclaredServices | null
}

interface ScanOptions {
  readonly defaults: PolicyDefaults
  /** Whether a broken annotation holds its line (the default), or only what makes an edit inexact does. */
  readonly annotations?: 'heeded' | 'passed-over'
}

/** Every image of one compose file, whatever it refers to. Never throws: whatever is wrong stands in `problems`. */
export function scanComposeFile(file: string, text: string, options: ScanOptions): ScanResult {
  const source = { files: [{ path: file, text }], directory: parentOf(file) }
  const { images, problems } = scanProject(source, noFiles, options)
  return { images, problems }
}

/**
 * Every image of the compose files of one project, `include` and `extends` followed, each where it is defined. Never
 * throws: whatever is wrong stands in `problems`.
 */
export function scanProject(
  source: ProjectSource,
  files: ProjectFiles,
  options: ScanOptions,
): ScannedProject {
  const project = readProject(source, files)
  const { lines, problems } = locateImages(project)
  const listed = new Set(project.files.map(({ yaml }) => yaml))
  const scans = project.read.map((yaml) =>
    bindAnnotations(
      yaml,
      lines.filter(({ file }) => file === yaml.file),
      options,
      listed.has(yaml) ? 'whole' : 'services',
    ),
  )
  return {
    images: scans.flatMap(({ images }) => images),
    problems: [...project.problems, ...problems, ...scans.flatMap((scan) => scan.problems)],
    texts: project.texts,
    services: declaredServices(project),
  }
}

function bindAnnotations(
  yaml: YamlFile,
  lines: readonly ImageLine[],
  { defaults, annotations = 'heeded' }: ScanOptions,
  extent: 'whole' | 'services',
): ScanResult {
  const sealed = sealOf(yaml.text)
  const comments = yaml.comments.filter((comment) => hasAnnotation(comment.text))
  const commentOf = new Map(comments.map((comment) => [comment.line, comment]))
  const imagesOf = Map.groupBy(lines, ({ noted }) => noted.line)
  const problems: Problem[] = []
  const images: ScannedImage[] = []
  for (const { obstacle, ...line } of lines) {
    const comment = commentOf.get(line.noted.line)
    const crowd = imagesOf.get(line.noted.line) ?? []
    const verdict =
      comment === undefined ? noVerdict : judge(yaml, line.image, crowd, comment, defaults)
    const [first] = annotations === 'heeded' ? verdict.problems : []
    images.push({
      ...line,
      policy: verdict.policy,
      annotation: comment === undefined ? 'none' : verdict.policy === null ? 'broken' : 'read',
      delivery: verdict.delivery,
      held: obstacle ?? first?.message ?? (verdict.policy === null ? null : sealed),
    })
    if (crowd[0]?.range === line.range) problems.push(...verdict.problems)
  }
  // Of a file that only some services are taken from, nobody asked after the others.
  if (extent === 'whole' && yaml.documents.length > 0) {
    const idle = comments.filter(({ line }) => !imagesOf.has(line))
    problems.push(...idle.flatMap((comment) => idleAnnotation(yaml, comment)))
    const near = yaml.comments.filter(({ line }) => imagesOf.has(line))
    problems.push(
      ...misspellings(yaml),
      ...near.flatMap((comment) => nearAnnotation(yaml, comment)),
    )
  }
  return { images, problems }
}

/** An edit would break the MAC that SOPS has over every value, the clear ones too unless the file says otherwise. */
function sealOf(text: string): string | null {
  if (!isEncrypted(text) || /\bmac_only_encrypted["']?\s*[:=]\s*["']?true/.test(text)) return null
  return 'the file is sealed by SOPS over its clear values too: take the image out of it, or encrypt it with mac_only_encrypted'
}

interface Verdict {
  readonly policy: Policy | null
  readonly delivery: Delivery
  readonly problems: readonly Problem[]
}

const noVerdict: Verdict = { policy: null, delivery: noDelivery, problems: [] }

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
  if (new Set(crowd.map(({ column }) => column)).size > 1) {
    const message = 'Annotation stands on a line with several images'
    const remedy = 'Give each image a line of its own'
    return { ...noVerdict, problems: [problem(0, 'annotation', message, remedy)] }
  }
  const annotation = readAnnotation(comment.text, image, defaults)
  const defects = annotation?.defects ?? []
  return {
    policy: annotation?.policy ?? null,
    delivery: annotation?.delivery ?? noDelivery,
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
