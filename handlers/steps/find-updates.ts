import type { HeldImage } from '../../src/domain/answer/check.ts'
import type { Problem, ScannedImage } from '../../src/domain/compose/scan.ts'
import { MagosError } from '../../src/domain/error.ts'
import { repositoryName } from '../../src/domain/image-reference.ts'
import type { Quarantine } from '../../src/domain/quarantine/quarantine.ts'
import type { DeliveryMode } from '../../src/domain/delivery.ts'
import { proposalGroup } from '../../src/domain/proposal/group.ts'
import { resolveDelivery } from '../../src/domain/proposal/settings.ts'
import type { Update } from '../../src/domain/update.ts'
import type { Context } from '../context.ts'
import { nothingHeard, type Hearing } from '../heard.ts'
import type { Unanswered } from './ask-again.ts'
import { askOnce } from './ask-once.ts'
import { chooseImage, holdLine, type Watched } from './choose-image.ts'
import { inParallel } from './in-parallel.ts'
import { createPatience, type Patience } from './patience.ts'
import { readQuarantine } from './read-quarantine.ts'
import { scanStacks } from './scan-stacks.ts'
import { lineFault } from './stack-fault.ts'
import type { RepositoryView } from '../views.ts'

/** Which lines are asked after. */
export interface AskedLines {
  /** Repositories as `registry/path`. */
  readonly repositories: readonly string[] | 'all'
  /** Of pull requests: their whole groups. */
  readonly branches: readonly string[]
  readonly mode: DeliveryMode | 'any'
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

/** An annotated line that stands as it should, and why. */
export interface StandingImage extends Watched {
  readonly reason: string
}

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
  const { annotated, otherwise } = chooseLines(ctx, view, scan.images, question)
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

/** Lines that an annotation watches, as far as they are asked after; of a group, all. */
function chooseLines(
  { host }: FindContext,
  { settings }: RepositoryView,
  images: readonly ScannedImage[],
  { repositories, branches, mode }: AskedLines,
): { readonly annotated: readonly ScannedImage[]; readonly otherwise: number } {
  const { delivery } = settings
  const watched = images.filter(({ annotation }) => annotation !== 'none')
  const isNamed = ({ image }: ScannedImage): boolean =>
    repositories === 'all' || (image !== null && repositories.includes(repositoryName(image)))
  // Only lines that are proposed belong together.
  const apart = repositories === 'all' || mode === 'commit'
  const asked = apart
    ? watched.filter(isNamed)
    : withGroups(watched, isNamed, branches, (image) => {
        return proposalGroup(image, delivery, host.name)?.branch ?? null
      })
  const annotated = asked.filter(
    (image) => mode === 'any' || resolveDelivery(image.delivery, delivery).mode === mode,
  )
  return { annotated, otherwise: asked.length - annotated.length }
}

function withGroups(
  lines: readonly ScannedImage[],
  isNamed: (line: ScannedImage) => boolean,
  branches: readonly string[],
  branchOf: (line: ScannedImage) => string | null,
): readonly ScannedImage[] {
  const asked = new Set<string | null>([...lines.filter(isNamed).map(branchOf), ...branches])
  asked.delete(null)
  return lines.filter((line) => isNamed(line) || asked.has(branchOf(line)))
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

interface RepositoryAnswer {
  readonly updates: readonly Update[]
  readonly held: readonly HeldImage[]
  readonly unanswered: Unanswered | null
  readonly late: string | null
  readonly standing: readonly StandingImage[]
}

type AskContext = FindContext & {
  readonly view: RepositoryView
  readonly quarantine: Quarantine
  readonly patience: Patience
  readonly hearing: Hearing | null
}

/**
 * A registry is asked about so many repositories at once; the others are nothing yet, and a slow one holds up its own. More
 * would stand in line at its host, which takes eight questions.
 */
const REPOSITORIES_AT_ONCE = 8

async function askRegistry(
  ctx: AskContext,
  lines: readonly Watched[],
  signal: AbortSignal,
): Promise<readonly RepositoryAnswer[]> {
  const groups = Map.groupBy(lines, ({ current }) => repositoryName(current))
  return inParallel(REPOSITORIES_AT_ONCE, [...groups], ([repository, group]) =>
    askRepository(ctx, repository, group, signal),
  )
}

/** Asks for tags once and for each chosen tag's digest once, however many lines want them. */
async function askRepository(
  ctx: AskContext,
  repository: string,
  lines: readonly Watched[],
  signal: AbortSignal,
): Promise<RepositoryAnswer> {
  const { host, memory, registry, view, quarantine, now, patience, hearing } = ctx
  const updates: Update[] = []
  const held: HeldImage[] = []
  let unanswered: Unanswered | null = null
  const standing: StandingImage[] = []
  const heard = hearing?.recall(repository) ?? nothingHeard
  const ask = askOnce(registry, heard, patience.signal)
  for (const line of lines) {
    const choosing = { host, memory, view, quarantine, now, ask }
    const answer = await chooseImage(choosing, line).catch((error: unknown) =>
      faultOf(error, patience, signal),
    )
    if (answer === 'late') return { ...nothing, late: repository }
    if (answer instanceof MagosError) {
      unanswered ??= { repository, error: answer }
      held.push(refusedLine(ctx, line, answer))
      continue
    }
    if (answer.update !== null) updates.push(answer.update)
    if (answer.standing !== null) standing.push({ ...line, reason: answer.standing })
    held.push(...answer.held)
  }
  hearing?.note(repository, ask.answers())
  if (updates.length > 0) patience.found()
  return { updates, held, unanswered, late: null, standing }
}

const nothing: RepositoryAnswer = {
  updates: [],
  held: [],
  unanswered: null,
  late: null,
  standing: [],
}

/** A registry that answers 404, 401, 429 or nonsense holds this image; being interrupted ends the pass. */
function faultOf(error: unknown, patience: Patience, signal: AbortSignal): MagosError | 'late' {
  signal.throwIfAborted()
  if (patience.isOver()) return 'late'
  const fault = lineFault(error)
  if (fault === null) throw error
  return fault
}

function refusedLine({ log }: FindContext, line: Watched, error: MagosError): HeldImage {
  const { message: reason, remedy, code } = error
  const { file, line: number, column, text } = line.image
  if (code === 'internal') log.error({ file, line: number, column, image: text, error }, reason)
  return holdLine(line, { kind: 'problem', reason, ...(remedy === undefined ? {} : { remedy }) })
}
