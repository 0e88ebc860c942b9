import type { HeldImage } from '../../src/domain/answer/check.ts'
import { editImages } from '../../src/domain/compose/edit.ts'
import { quarantineVersions } from '../../src/domain/quarantine/edit.ts'
import { QUARANTINE_FILE, type QuarantineEntry } from '../../src/domain/quarantine/quarantine.ts'
import { putBackText, type PutBack } from '../../src/domain/revert.ts'
import type { CommitFile, CommitProposal } from '../../src/ports.ts'
import type { Context, Handled } from '../context.ts'
import type { RepositoryView } from '../views.ts'
import { proposeBack } from './propose-back.ts'
import { quarantineText } from './read-quarantine.ts'
import { stackFault } from './stack-fault.ts'

/** Lines that go back, and what is listed with them so that no policy picks it again. */
export interface Backwards {
  readonly stack: string
  readonly back: readonly PutBack[]
  /** Of the files that hold them. */
  readonly texts: ReadonlyMap<string, string>
  readonly entries: readonly QuarantineEntry[]
  readonly message: string
}

/** What one commit came to. */
export interface CommittedBack {
  readonly commits: readonly string[]
  /** Lines that stay as they are until a person acts. */
  readonly held: readonly HeldImage[]
}

type CommitContext = Pick<
  Context,
  'source' | 'committer' | 'proposals' | 'history' | 'host' | 'log' | 'now'
>

/**
 * One commit of the lines and their quarantine, or nothing at all: a line that went back alone would be picked again.
 * What cannot be written now is held, for whoever asks again to try anew.
 */
export async function commitBack(
  ctx: CommitContext,
  view: RepositoryView,
  backwards: Backwards,
  signal: AbortSignal,
): Promise<Handled<CommittedBack>> {
  const files = await tryToEdit(ctx, view, backwards, signal)
  if ('reason' in files) return heldBack(ctx, backwards, files)
  const { message } = backwards
  const proposal = { parent: view.revision, message, files: files.files }
  const outcome = await ctx.committer.commit(proposal, signal)
  const nothing = { commits: [], held: [] }
  switch (outcome.outcome) {
    case 'moved':
      return { answer: nothing, followUps: [], next: 'again' }
    case 'empty':
      return { answer: nothing, followUps: [], next: 'done' }
    case 'held':
      return proposeInstead(ctx, backwards, proposal, outcome, signal)
    case 'committed': {
      const { commit } = outcome.revision
      ctx.history.committed(commit, ctx.now)
      const followUp = {
        event: { kind: 'revision-pushed' },
        origin: { source: 'own', ref: commit },
      } as const
      return { answer: { commits: [commit], held: [] }, followUps: [followUp], next: 'done' }
    }
  }
}

/** What a rule of the repository forbids a person may still let in. */
async function proposeInstead(
  ctx: CommitContext,
  backwards: Backwards,
  proposal: CommitProposal,
  obstacle: Obstacle,
  signal: AbortSignal,
): Promise<Handled<CommittedBack>> {
  const { proposals } = ctx
  if (proposals === null) return heldBack(ctx, backwards, obstacle)
  const { reason } = obstacle
  const held = await proposeBack({ ...ctx, proposals }, backwards, proposal, reason, signal)
  if (held === null) return heldBack(ctx, backwards, obstacle)
  return { answer: { commits: [], held }, followUps: [], next: 'done' }
}

interface Obstacle {
  readonly reason: string
  readonly remedy?: string
}

async function tryToEdit(
  ctx: CommitContext,
  view: RepositoryView,
  backwards: Backwards,
  signal: AbortSignal,
): Promise<{ readonly files: readonly CommitFile[] } | Obstacle> {
  try {
    return { files: await editFiles(ctx, view, backwards, signal) }
  } catch (error) {
    signal.throwIfAborted()
    const fault = stackFault(error)
    if (fault === null) throw error
    const { message, remedy, place } = fault
    const where = place === undefined ? '' : `${[place.file, place.line, place.column].join(':')}: `
    return { reason: `${where}${message}`, ...(remedy === undefined ? {} : { remedy }) }
  }
}

async function editFiles(
  ctx: CommitContext,
  view: RepositoryView,
  { back, texts, entries }: Backwards,
  signal: AbortSignal,
): Promise<readonly CommitFile[]> {
  const mode = (path: string) => view.entries.get(path)?.mode ?? '100644'
  const files = [...Map.groupBy(back, ({ image }) => image.target.file)].map(([path, lines]) => {
    const edits = lines.map((line) => ({ image: line.image, to: putBackText(line) }))
    const content = editImages(path, texts.get(path) ?? '', edits)
    return { path, mode: mode(path), content }
  })
  const listed = await quarantined(ctx, view, entries, signal)
  if (listed === null) return files
  return [...files, { path: QUARANTINE_FILE, mode: mode(QUARANTINE_FILE), content: listed }]
}

/** The quarantine with the entries in it; null where it lists all of them already. */
async function quarantined(
  ctx: CommitContext,
  view: RepositoryView,
  entries: readonly QuarantineEntry[],
  signal: AbortSignal,
): Promise<string | null> {
  if (entries.length === 0) return null
  const text = await quarantineText(ctx, view, signal)
  return quarantineVersions(QUARANTINE_FILE, text, entries)
}

function heldBack(
  { log }: CommitContext,
  { back }: Backwards,
  { reason, remedy }: Obstacle,
): Handled<CommittedBack> {
  const held = back.map(({ image }): HeldImage => {
    const { file, line, column, text } = image
    const why = remedy === undefined ? {} : { remedy }
    return { file, line, column, image: text, reason, ...why, kind: 'problem' }
  })
  for (const { image, file, line } of held) {
    log.warn({ image, file, line, remedy }, `Image cannot be taken back: ${reason}`)
  }
  return { answer: { commits: [], held }, followUps: [], next: 'done' }
}
