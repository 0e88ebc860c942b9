import type { HeldImage, UpdateAnswer } from '../src/domain/answer.ts'
import { commitMessage } from '../src/domain/commit-message.ts'
import { editImages } from '../src/domain/compose/edit.ts'
import { asMagosError, MagosError } from '../src/domain/error.ts'
import type { ImagePublished } from '../src/domain/event.ts'
import type { Update } from '../src/domain/update.ts'
import type { CommitFile } from '../src/ports.ts'
import type { Context, Handled } from './context.ts'
import { findUpdates, type FoundUpdates } from './steps/find-updates.ts'
import { viewRepository, type RepositoryView } from './steps/view-repository.ts'

/**
 * Brings the annotated images that may have changed to what their policies want, in one commit. The head is read
 * before the registries are asked, and the commit is a compare-and-swap on it, so whatever happens in between makes
 * this plan again instead of overwriting it.
 */
export async function imagePublished(
  ctx: Context,
  event: ImagePublished,
  signal: AbortSignal,
): Promise<Handled<UpdateAnswer>> {
  const revision = await ctx.source.head(signal)
  const view = await viewRepository(ctx, revision, signal)
  const found = await findUpdates(ctx, view, event.repositories, signal)
  report(ctx, found)
  const { files, refused } = editFiles(view, found)
  const held = [...found.held, ...refused]
  const refusedFiles = new Set(refused.map(({ file }) => file))
  const updates = found.updates.filter(({ image }) => !refusedFiles.has(image.file))
  if (files.length === 0) return done({ revision: revision.commit, commits: [], held })
  const message = commitMessage(updates, { host: ctx.host.name, stacksOf: found.stacksOf })
  const outcome = await ctx.committer.commit({ parent: revision, message, files }, signal)
  switch (outcome.outcome) {
    case 'moved':
      return {
        ...done({ revision: revision.commit, commits: [], held }),
        next: 'again',
      }
    case 'empty':
      return done({ revision: revision.commit, commits: [], held })
    case 'held': {
      const heldNow = updates.map((update) => heldUpdate(update, outcome))
      logHeld(ctx, heldNow)
      return done({ revision: revision.commit, commits: [], held: [...held, ...heldNow] })
    }
    case 'committed': {
      const { commit } = outcome.revision
      ctx.history.committed(commit, ctx.now)
      logCommitted(ctx, commit, updates)
      return {
        ...done({ revision: commit, commits: [commit], held }),
        followUps: [{ event: { kind: 'revision-pushed' }, origin: { source: 'own', ref: commit } }],
      }
    }
  }
}

function done(answer: UpdateAnswer): Handled<UpdateAnswer> {
  return { answer, followUps: [], next: 'done' }
}

/** The new content of every file that changes; a file whose edit would not be exact is held, the others go on. */
function editFiles(
  view: RepositoryView,
  found: FoundUpdates,
): { readonly files: readonly CommitFile[]; readonly refused: readonly HeldImage[] } {
  const files: CommitFile[] = []
  const refused: HeldImage[] = []
  for (const [path, updates] of Map.groupBy(found.updates, ({ image }) => image.file)) {
    const text = found.texts.get(path)
    const entry = view.entries.get(path)
    if (text === undefined || entry === undefined) continue
    try {
      const edits = updates.map(({ image, text: to }) => ({ image, to }))
      files.push({ path, mode: entry.mode, content: editImages(path, text, edits) })
    } catch (error) {
      if (!(error instanceof MagosError)) throw error
      refused.push(...updates.map((update) => heldUpdate(update, refusal(error))))
    }
  }
  return { files, refused }
}

function refusal(error: MagosError): { readonly reason: string; readonly remedy: string } {
  const { message, remedy } = asMagosError(error)
  return { reason: message, remedy: remedy ?? 'Edit the line by hand' }
}

function heldUpdate(
  { image, text }: Update,
  { reason, remedy }: { readonly reason: string; readonly remedy: string },
): HeldImage {
  const { file, line, column } = image
  return { file, line, column, image: text, reason, remedy, kind: 'problem' }
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
