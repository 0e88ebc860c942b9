import { MagosError } from '../../src/domain/error.ts'
import { closedQuarantine, parseQuarantine } from '../../src/domain/quarantine/parse.ts'
import { QUARANTINE_FILE, type Quarantine } from '../../src/domain/quarantine/quarantine.ts'
import type { RepositoryView } from '../views.ts'
import { readTexts, type ReadContext } from './view-repository.ts'

/** The versions that nobody may pick, as the revision lists them. A file that cannot be read may list any. */
export async function readQuarantine(
  ctx: Pick<ReadContext, 'source'>,
  view: Pick<RepositoryView, 'entries'>,
  signal: AbortSignal,
): Promise<Quarantine> {
  const { texts } = await readTexts(ctx, view, [QUARANTINE_FILE], signal)
  const text = texts.get(QUARANTINE_FILE) ?? null
  if (text !== null || !view.entries.has(QUARANTINE_FILE)) {
    return parseQuarantine(QUARANTINE_FILE, text)
  }
  return closedQuarantine({
    file: QUARANTINE_FILE,
    line: 1,
    column: 1,
    severity: 'error',
    code: 'quarantine',
    message: 'It is no regular file of UTF-8 text below 1 MiB',
    remedy: 'Commit the file itself as text',
  })
}

/** The file as it is written, null where there is none. Throws `edit` for what is no text. */
export async function quarantineText(
  ctx: Pick<ReadContext, 'source'>,
  view: Pick<RepositoryView, 'entries'>,
  signal: AbortSignal,
): Promise<string | null> {
  const { texts } = await readTexts(ctx, view, [QUARANTINE_FILE], signal)
  const text = texts.get(QUARANTINE_FILE) ?? null
  if (text !== null || !view.entries.has(QUARANTINE_FILE)) return text
  throw new MagosError('edit', `Cannot edit "${QUARANTINE_FILE}": it is no file of UTF-8 text`, {
    place: { file: QUARANTINE_FILE },
    remedy: 'Commit the file itself as text below 1 MiB',
  })
}
