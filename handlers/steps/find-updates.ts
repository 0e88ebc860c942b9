import type { HeldImage } from '../../src/domain/answer.ts'
import { scanComposeFile, type Problem, type ScannedImage } from '../../src/domain/compose/scan.ts'
import { MagosError } from '../../src/domain/error.ts'
import { repositoryName, type Digest } from '../../src/domain/image-reference.ts'
import type { Quarantine } from '../../src/domain/quarantine/quarantine.ts'
import { updatesFirst } from '../../src/domain/stack.ts'
import type { Update } from '../../src/domain/update.ts'
import type { Context } from '../context.ts'
import type { Unanswered } from './ask-again.ts'
import { chooseImage, holdLine, type Questions, type Watched } from './choose-image.ts'
import { readQuarantine } from './read-quarantine.ts'
import { lineFault } from './stack-fault.ts'
import type { RepositoryView } from '../views.ts'

export interface FoundUpdates {
  readonly updates: readonly Update[]
  readonly held: readonly HeldImage[]
  readonly problems: readonly Problem[]
  /** Repositories whose registry gave no answer; their lines are held. */
  readonly unanswered: readonly Unanswered[]
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
  repositories: readonly string[] | 'all',
  signal: AbortSignal,
): Promise<FoundUpdates> {
  const { now } = ctx
  const scan = scanStacks(ctx, view)
  const annotated = scan.images.filter((image) => wanted(image, repositories))
  const watched = annotated.flatMap(({ image, policy, held, ...rest }) =>
    image !== null && policy !== null && held === null
      ? [{ image: { ...rest, image, policy, held }, current: image, policy }]
      : [],
  )
  const quarantine = await readQuarantine(ctx, view, signal)
  const groups = Map.groupBy(watched, ({ current }) => repositoryName(current))
  const answers = await Promise.all(
    // The time is one for all lines, however long registries take.
    [...groups.values()].map((lines) => askRepository({ ...ctx, now }, quarantine, lines, signal)),
  )
  return {
    updates: answers.flatMap((answer) => answer.updates),
    held: [...heldLines(annotated), ...answers.flatMap((answer) => answer.held)],
    unanswered: answers.flatMap(({ unanswered }) => unanswered ?? []),
    problems: [...view.problems, ...quarantine.problems, ...scan.problems],
    standing: answers.flatMap((answer) => answer.standing),
    texts: scan.texts,
    stacksOf: scan.stacksOf,
  }
}

function scanStacks(ctx: FindContext, view: RepositoryView) {
  const stacks = view.stacks.filter((stack) => updatesFirst(stack, ctx.host.name))
  const files = new Set(stacks.flatMap((stack) => stack.files))
  const texts = new Map([...view.texts].filter(([file]) => files.has(file)))
  const scans = [...texts].map(([file, text]) => scanComposeFile(file, text, view.settings))
  return {
    texts,
    images: scans.flatMap(({ images }) => images),
    problems: scans.flatMap(({ problems }) => problems),
    stacksOf: (file: string) =>
      stacks.filter((stack) => stack.files.includes(file)).map(({ name }) => name),
  }
}

/** Lines that an annotation watches, as far as the event concerns them. */
function wanted(image: ScannedImage, repositories: readonly string[] | 'all'): boolean {
  if (image.policy === null && image.held === null) return false
  if (repositories === 'all') return true
  return image.image !== null && repositories.includes(repositoryName(image.image))
}

function heldLines(images: readonly ScannedImage[]): HeldImage[] {
  return images.flatMap((image) =>
    image.held === null ? [] : [holdLine({ image }, { kind: 'problem', reason: image.held })],
  )
}

interface RepositoryAnswer {
  readonly updates: readonly Update[]
  readonly held: readonly HeldImage[]
  readonly unanswered: Unanswered | null
  readonly standing: readonly StandingImage[]
}

/** Asks for tags once and for each chosen tag's digest once, however many lines want them. */
async function askRepository(
  ctx: FindContext,
  quarantine: Quarantine,
  lines: readonly Watched[],
  signal: AbortSignal,
): Promise<RepositoryAnswer> {
  const { host, memory, now } = ctx
  const updates: Update[] = []
  const held: HeldImage[] = []
  let unanswered: Unanswered | null = null
  const standing: StandingImage[] = []
  const ask = oncePerQuestion(ctx, signal)
  for (const line of lines) {
    const choosing = { host, memory, quarantine, now, ask }
    const answer = await chooseImage(choosing, line).catch((error: unknown) =>
      faultOf(error, signal),
    )
    if (answer instanceof MagosError) {
      unanswered ??= { repository: repositoryName(line.current), error: answer }
      held.push(refusedLine(ctx, line, answer))
      continue
    }
    if (answer.update !== null) updates.push(answer.update)
    if (answer.standing !== null) standing.push({ ...line, reason: answer.standing })
    held.push(...answer.held)
  }
  return { updates, held, unanswered, standing }
}

function oncePerQuestion({ registry }: FindContext, signal: AbortSignal): Questions {
  let tags: Promise<readonly string[]> | undefined
  const digests = new Map<string, Promise<Digest>>()
  return {
    tags: (current) => (tags ??= registry.tags(current, signal)),
    digest: (current, tag) => {
      const asked = digests.get(tag) ?? registry.digest(current, tag, signal)
      digests.set(tag, asked)
      return asked
    },
    manifest: (current, digest) => registry.manifest(current, digest, signal),
  }
}

/** A registry that answers 404, 401, 429 or nonsense holds this image; being interrupted ends the pass. */
function faultOf(error: unknown, signal: AbortSignal): MagosError {
  signal.throwIfAborted()
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
