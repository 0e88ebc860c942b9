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
