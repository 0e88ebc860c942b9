import type { ScannedImage, ScannedProject } from '../../src/domain/compose/scan.ts'
import { stackLines, type StackLines } from '../../src/domain/compose/stack-lines.ts'
import { repositoryName } from '../../src/domain/image-reference.ts'
import type { Revision } from '../../src/domain/revision.ts'
import type { Stack } from '../../src/domain/stack.ts'
import type { Context } from '../context.ts'
import type { RepositoryView } from '../views.ts'
import { scanStack } from './scan-stacks.ts'
import { readTexts } from './view-repository.ts'

type ReadContext = Pick<Context, 'source'>

/** The image lines of a stack at the revision, for somebody who takes no heed of annotations; with the files' texts. */
export function stackImages(
  ctx: ReadContext,
  { entries, settings, texts }: RepositoryView,
  stack: Stack,
  signal: AbortSignal,
): Promise<ScannedProject> {
  const at = { entries, texts, known: new Map(texts), settings: passingOver(settings.defaults) }
  return scanStack(ctx, at, stack, signal)
}

/** What each service of a stack ran at a revision of the past; where its files lay elsewhere then, nothing. */
export async function linesAt(
  ctx: ReadContext,
  revision: Revision,
  stack: Stack,
  signal: AbortSignal,
): Promise<StackLines> {
  const listed = await ctx.source.tree(revision, signal)
  const entries = new Map(listed.map((entry) => [entry.path, entry]))
  const { texts } = await readTexts(ctx, { entries }, stack.files, signal)
  const at = { entries, texts, known: new Map(texts), settings: passingOver({}) }
  return stackLines((await scanStack(ctx, at, stack, signal)).images)
}

/** As `registry/path`. */
export function repositoriesOf(images: readonly ScannedImage[]): ReadonlySet<string> {
  return new Set(images.flatMap(({ image }) => (image === null ? [] : [repositoryName(image)])))
}

function passingOver(defaults: RepositoryView['settings']['defaults']) {
  return { defaults, annotations: 'passed-over' } as const
}
