import type { HeldImage } from '../src/domain/answer/check.ts'
import type { UpdateAnswer } from '../src/domain/answer/sync.ts'
import { commitMessage } from '../src/domain/commit-message.ts'
import type { ImagePublished } from '../src/domain/event.ts'
import { carriedOrigin } from '../src/domain/origin.ts'
import type { Revision } from '../src/domain/revision.ts'
import type { Update } from '../src/domain/update.ts'
import type { CommitOutcome } from '../src/ports.ts'
import type { Context, Handled } from './context.ts'
import { hintAgain, toAskAgain, tryLater } from './steps/ask-again.ts'
import { editFiles, heldUpdate, type EditedFile } from './steps/edit-files.ts'
import { findUpdates, type AskedLines, type FoundUpdates } from './steps/find-updates.ts'
import { viewRepository } from './steps/view-repository.ts'

/**
 * Brings the annotated images that may have changed to what their policies want, in one commit. The head is read
 * before the registries are asked, and the commit is a compare-and-swap on it, so whatever happens in between makes
 * this plan again instead of overwriting it. A registry that gave no answer about what the event named is asked again,
 * and what is slow is asked again by itself, while what was found is committed.
 */
export async function imagePublished(
  ctx: Context,
  event: ImagePublished,
  signal: AbortSignal,
): Promise<Handled<UpdateAnswer>> {
  const waiting = { patience: () => ctx.patience() }
  return await updateImages(ctx, event, waiting, signal)
}

/** The same; without patience what was found waits for what is slow, so that all of it is told in one answer. */
export async function updateImages(
  ctx: Context,
  event: ImagePublished,
  waiting: Pick<AskedLines, 'patience'>,
  signal: AbortSignal,
): Promise<Handled<UpdateAnswer>> {
  return ctx.lanes.alone('commit', () => commitUpdates(ctx, event, waiting, signal), signal)
}

async function commitUpdates(
  ctx: Context,
  event: ImagePublished,
  waiting: Pick<AskedLines, 'patience'>,
  signal: AbortSignal,
): Promise<Handled<UpdateAnswer>> {
  const revision = await ctx.source.head(signal)
  const view = await viewRepository(ctx, revision, signal)
  const { repositories } = event
  const hearing = ctx.heard.commit.begin({ repositories, origins: ctx.origins })
  const asked = { repositories, branches: [], mode: 'commit', hearing, ...waiting } as const
  const found = await findUpdates(ctx, view, asked, signal)
  report(ctx, found)
  const edited = editFiles(ctx, view, found)
  const { outcome, updates, barred } = await commitFiles(ctx, revision, edited.files, found, signal)
  const held = [...found.held, ...edited.refused, ...barred]
  logHeld(ctx, [...edited.refused, ...barred])
  const missing = toAskAgain(event, found.unanswered)
  const proposed = hintProposals(event, found)
  const still = {
    ...done({ revision: revision.commit, commits: [], held }),
    followUps: [...proposed, ...hintAgain(found.late)],
  }
  switch (outcome?.outcome) {
    case undefined:
    case 'empty':
      tryLater(missing, ctx.now)
      return still
    case 'moved':
      return { ...still, followUps: proposed, next: 'again' }
    case 'committed': {
      const { commit } = outcome.revision
      ctx.history.committed(commit, ctx.now)
      logCommitted(ctx, commit, updates)
      return {
        ...done({ revision: commit, commits: [commit], held }),
        followUps: [
          { event: { kind: 'revision-pushed' }, origin: carriedOrigin(ctx.origins, commit) },
          ...hintAgain([...missing.map(({ repository }) => repository), ...found.late]),
          ...proposed,
        ],
      }
    }
  }
}

/** Those of a poll are looked at by the poll itself. */
function hintProposals(
  { repositories }: ImagePublished,
  { otherwise }: FoundUpdates,
): Handled['followUps'] {
  if (repositories === 'all' || otherwise === 0) return []
  const event = { kind: 'proposals-due', repositories, branches: [] } as const
  return [{ event, origin: { source: 'own' } }]
}

function done(answer: UpdateAnswer): Handled<UpdateAnswer> {
  return { answer, followUps: [], next: 'done' }
}

interface Committed {
  /** null when there was nothing that may be committed. */
  readonly outcome: Exclude<CommitOutcome, { readonly outcome: 'held' }> | null
  readonly updates: readonly Update[]
  /** What the committer must not write until a person acts. */
  readonly barred: readonly HeldImage[]
}

/** One commit of all files; one that must not be written is left out, so that it stops no other. */
async function commitFiles(
  ctx: Context,
  parent: Revision,
  edited: readonly EditedFile[],
  found: FoundUpdates,
  signal: AbortSignal,
): Promise<Committed> {
  const barred: HeldImage[] = []
  let due = edited
  while (due.length > 0) {
    const updates = due.flatMap((one) => one.updates)
    const files = due.map(({ file }) => file)
    const message = commitMessage(updates, {
      host: ctx.host.name,
      stacksOf: (file) => found.stacksOf(file),
    })
    const outcome = await ctx.committer.commit({ parent, message, files }, signal)
    if (outcome.outcome !== 'held') return { outcome, updates, barred }
    const others = due.filter(({ file }) => file.path !== outcome.file)
    const rest = outcome.file === undefined || others.length === due.length ? [] : others
    const stopped = due.filter((one) => !rest.includes(one)).flatMap((one) => one.updates)
    barred.push(...stopped.map((update) => heldUpdate(update, outcome)))
    due = rest
  }
  return { outcome: null, updates: [], barred }
}

function report(ctx: Context, { held, problems }: FoundUpdates): void {
  logHeld(ctx, held)
  for (const { file, line, column, message, remedy } of problems) {
    ctx.log.warn({ file, line, column, remedy }, message)
  }
}

function logHeld(ctx: Context, held: readonly HeldImage[]): void {
  for (const { image, file, line, column, reason, remedy, kind } of held) {
    const fields = { image, file, line, column, remedy }
    if (kind === 'waits') ctx.log.info(fields, `Image waits: ${reason}`)
    else ctx.log.warn(fields, `Image held: ${reason}`)
  }
}

function logCommitted(ctx: Context, commit: string, updates: readonly Update[]): void {
  for (const { image, text, reason } of updates) {
    const fields = { commit, image: text, file: image.file, line: image.line }
    ctx.log.info(fields, `Image updated: ${reason}`)
  }
}
