import type { HeldImage } from '../../src/domain/answer.ts'
import { scanComposeFile, type Problem, type ScannedImage } from '../../src/domain/compose/scan.ts'
import { MagosError } from '../../src/domain/error.ts'
import {
  repositoryName,
  type Digest,
  type ImageReference,
} from '../../src/domain/image-reference.ts'
import type { Policy } from '../../src/domain/policy/policy.ts'
import { choose, needsTags, planUpdate, type Update } from '../../src/domain/update.ts'
import { updatesFirst } from '../../src/domain/stack.ts'
import type { CheckContext } from '../context.ts'
import type { Unanswered } from './ask-again.ts'
import { lineFault } from './stack-fault.ts'
import type { RepositoryView } from './view-repository.ts'

export interface FoundUpdates {
  readonly updates: readonly Update[]
  readonly held: readonly HeldImage[]
  readonly problems: readonly Problem[]
  /** Repositories whose registry gave no answer; their lines are held. */
  readonly unanswered: readonly Unanswered[]
  /** Annotated lines that stand as they should. */
  readonly unchanged: number
  /** Texts of the scanned files, for the edit. */
  readonly texts: ReadonlyMap<string, string>
  /** Names of the stacks that a file belongs to. */
  stacksOf(file: string): readonly string[]
}

/** An annotated line that may be edited. */
interface Watched {
  readonly image: ScannedImage
  readonly current: ImageReference
  readonly policy: Policy
}

/**
 * Which annotated lines of this host's stacks want another digest, asked of the registries now. What one repository
 * or line gets wrong holds that line alone.
 */
export async function findUpdates(
  ctx: CheckContext,
  view: RepositoryView,
  repositories: readonly string[] | 'all',
  signal: AbortSignal,
): Promise<FoundUpdates> {
  const scan = scanStacks(ctx, view)
  const annotated = scan.images.filter((image) => wanted(image, repositories))
  const watched = annotated.flatMap(({ image, policy, held, ...rest }) =>
    image !== null && policy !== null && held === null
      ? [{ image: { ...rest, image, policy, held }, current: image, policy }]
      : [],
  )
  const groups = Map.groupBy(watched, ({ current }) => repositoryName(current))
  const answers = await Promise.all(
    [...groups.values()].map((lines) => askRepository(ctx, lines, signal)),
  )
  return {
    updates: answers.flatMap((answer) => answer.updates),
    held: [...heldLines(annotated), ...answers.flatMap((answer) => answer.held)],
    unanswered: answers.flatMap(({ unanswered }) => unanswered ?? []),
    problems: [...view.problems, ...scan.problems],
    unchanged: answers.reduce((sum, answer) => sum + answer.unchanged, 0),
    texts: scan.texts,
    stacksOf: scan.stacksOf,
  }
}

function scanStacks(ctx: CheckContext, view: RepositoryView) {
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
    image.held === null ? [] : [{ ...place(image), reason: image.held, kind: 'problem' as const }],
  )
}

function place({ file, line, column, text }: ScannedImage) {
  return { file, line, column, image: text }
}

interface RepositoryAnswer {
  readonly updates: readonly Update[]
  readonly held: readonly HeldImage[]
  readonly unanswered: Unanswered | null
  readonly unchanged: number
}

/** Asks for tags once and for each chosen tag's digest once, however many lines want them. */
async function askRepository(
  ctx: CheckContext,
  lines: readonly Watched[],
  signal: AbortSignal,
): Promise<RepositoryAnswer> {
  const updates: Update[] = []
  const held: HeldImage[] = []
  let unanswered: Unanswered | null = null
  let unchanged = 0
  const ask = oncePerTag(ctx, signal)
  for (const line of lines) {
    const answer = await askLine(line, ask).catch((error: unknown) => faultOf(error, signal))
    if (answer instanceof MagosError) {
      unanswered ??= { repository: repositoryName(line.current), error: answer }
      held.push(refusedLine(ctx, line, answer))
    } else if (answer === null) unchanged += 1
    else if ('kind' in answer) held.push(answer)
    else updates.push(answer)
  }
  return { updates, held, unanswered, unchanged }
}

interface Questions {
  tags(current: ImageReference): Promise<readonly string[]>
  digest(current: ImageReference, tag: string): Promise<Digest>
}

function oncePerTag(ctx: CheckContext, signal: AbortSignal): Questions {
  let tags: Promise<readonly string[]> | undefined
  const digests = new Map<string, Promise<Digest>>()
  return {
    tags: (current) => (tags ??= ctx.registry.tags(current, signal)),
    digest: (current, tag) => {
      const asked = digests.get(tag) ?? ctx.registry.digest(current, tag, signal)
      digests.set(tag, asked)
      return asked
    },
  }
}

async function askLine(
  { image, current, policy }: Watched,
  ask: Questions,
): Promise<Update | HeldImage | null> {
  const choice = choose(policy, current, needsTags(policy) ? await ask.tags(current) : [])
  switch (choice.outcome) {
    case 'current':
      return null
    case 'hold':
      return { ...place(image), reason: choice.reason, kind: 'waits' }
    case 'digest':
      return planUpdate(image, policy, current, { ...choice, tag: current.tag })
    case 'tag': {
      const digest = await ask.digest(current, choice.tag)
      return planUpdate(image, policy, current, { ...choice, digest })
    }
  }
}

/** A registry that answers 404, 401, 429 or nonsense holds this image; being interrupted ends the pass. */
function faultOf(error: unknown, signal: AbortSignal): MagosError {
  signal.throwIfAborted()
  const fault = lineFault(error)
  if (fault === null) throw error
  return fault
}

function refusedLine(ctx: CheckContext, { image }: Watched, error: MagosError): HeldImage {
  const { message, remedy, code } = error
  if (code === 'internal') ctx.log.error({ ...place(image), error }, message)
  return {
    ...place(image),
    reason: message,
    ...(remedy === undefined ? {} : { remedy }),
    kind: 'problem',
  }
}
