import type { HeldImage } from '../../src/domain/answer/check.ts'
import type { Problem, ScannedImage } from '../../src/domain/compose/scan.ts'
import type { Update } from '../../src/domain/update.ts'
import type { Context } from '../context.ts'
import type { Hearing } from '../heard.ts'
import type { RepositoryView } from '../views.ts'
import type { Unanswered } from './ask-again.ts'
import { askRegistry, type StandingImage } from './ask-registry.ts'
import { createPatience } from './patience.ts'
import { readQuarantine } from './read-quarantine.ts'
import { scanStacks } from './scan-stacks.ts'
import { selectLines, type LineSelection } from './select-lines.ts'
import { holdLine, type Watched } from './watched-line.ts'

/** Which lines are asked after, and how patiently. */
export interface AskedLines extends LineSelection {
  /** Aborts when what was found has waited long enough for the rest; by default all is waited for. */
  readonly patience?: () => AbortSignal
  /** What was heard before and need not be asked; by default everything is. */
  readonly hearing?: Hearing
}

export interface FoundUpdates {
  /** The annotated lines that were asked after. */
  readonly lines: readonly ScannedImage[]
  /** How many more the question was about, whose updates are delivered in the other way. */
  readonly otherwise: number
  readonly updates: readonly Update[]
  readonly held: readonly HeldImage[]
  readonly problems: readonly Problem[]
  /** Repositories whose registry gave no answer; their lines are held. */
  readonly unanswered: readonly Unanswered[]
  /** Repositories that nothing was heard of while what was found waited; their lines are nowhere here. */
  readonly late: readonly string[]
  /** Annotated lines that stand as they should. */
  readonly standing: readonly StandingImage[]
  /** Texts of the scanned files, for the edit. */
  readonly texts: ReadonlyMap<string, string>
  /** Names of the stacks that a file belongs to. */
  stacksOf(file: string): readonly string[]
}

/** What finding updates needs; a check only looks, so its memory notes nothing. */
export type FindContext = Pick<Context, 'source' | 'registry' | 'host' | 'memory' | 'log' | 'now'>

/**
 * Which annotated lines of this host's stacks want another digest, asked of the registries now. What one repository
 * or line gets wrong holds that line alone.
 */
export async function findUpdates(
  ctx: FindContext,
  view: RepositoryView,
  question: AskedLines,
  signal: AbortSignal,
): Promise<FoundUpdates> {
  const { now } = ctx
  const scan = await scanStacks(ctx, view, signal)
  const { annotated, otherwise } = selectLines(ctx, view, scan.images, question)
  const watched = annotated.flatMap((line): Watched[] => {
    const { image, policy, held } = line
    return image === null || policy === null || held !== null
      ? []
      : [{ image: line, current: image, policy }]
  })
  const quarantine = await readQuarantine(ctx, view, signal)
  // The time is one for all lines, however long registries take.
  const patience = createPatience(question.patience ?? null, signal)
  const { hearing = null } = question
  const asking = { ...ctx, now, view, quarantine, patience, hearing }
  const registries = Map.groupBy(watched, ({ current }) => current.registry)
  const asked = await Promise.all(
    [...registries.values()].map((lines) => askRegistry(asking, lines, signal)),
  )
  const answers = asked.flat()
  return {
    lines: annotated,
    otherwise,
    updates: answers.flatMap((answer) => answer.updates),
    held: [...heldLines(annotated), ...answers.flatMap((answer) => answer.held)],
    unanswered: answers.flatMap(({ unanswered }) => unanswered ?? []),
    late: answers.flatMap(({ late }) => late ?? []),
    problems: [...view.problems, ...quarantine.problems, ...scan.problems],
    standing: answers.flatMap((answer) => answer.standing),
    texts: scan.texts,
    stacksOf: scan.stacksOf,
  }
}

function heldLines(images: readonly ScannedImage[]): HeldImage[] {
  return images.flatMap((image) =>
    image.held === null ? [] : [holdLine({ image }, { kind: kindOf(image), reason: image.held })],
  )
}

/** What is built here is never updated, and that is as its owner wants it. */
function kindOf({ origin, annotation }: ScannedImage): HeldImage['kind'] {
  return origin === 'build' && annotation === 'read' ? 'waits' : 'problem'
}
