import type { HeldImage } from '../../src/domain/answer/check.ts'
import { editImages } from '../../src/domain/compose/edit.ts'
import type { Update } from '../../src/domain/update.ts'
import type { CommitFile } from '../../src/ports.ts'
import type { Context } from '../context.ts'
import type { RepositoryView } from '../views.ts'
import type { FoundUpdates } from './find-updates.ts'
import { lineFault } from './stack-fault.ts'

export interface EditedFile {
  readonly file: CommitFile
  readonly updates: readonly Update[]
}

/** The new content of every file that changes; a file whose edit would not be exact is held, the others go on. */
export function editFiles(
  ctx: Pick<Context, 'log'>,
  view: Pick<RepositoryView, 'entries'>,
  found: Pick<FoundUpdates, 'updates' | 'texts'>,
): { readonly files: readonly EditedFile[]; readonly refused: readonly HeldImage[] } {
  const files: EditedFile[] = []
  const refused: HeldImage[] = []
  for (const [path, updates] of Map.groupBy(found.updates, ({ image }) => image.target.file)) {
    const text = found.texts.get(path)
    const entry = view.entries.get(path)
    if (text === undefined || entry === undefined) continue
    try {
      const edits = updates.map(({ image, text: to }) => ({ image, to }))
      const content = editImages(path, text, edits)
      files.push({ file: { path, mode: entry.mode, content }, updates })
    } catch (error) {
      const fault = lineFault(error)
      if (fault === null) throw error
      const { code, message: reason, remedy = 'Edit the line by hand' } = fault
      if (code === 'internal') ctx.log.error({ file: path, error: fault }, reason)
      refused.push(...updates.map((update) => heldUpdate(update, { reason, remedy })))
    }
  }
  return { files, refused }
}

/** The line of an update that a person has to look at. */
export function heldUpdate(
  { image }: Update,
  { reason, remedy }: { readonly reason: string; readonly remedy: string },
): HeldImage {
  const { file, line, column, text } = image
  return { file, line, column, image: text, reason, remedy, kind: 'problem' }
}
