import type { SealedFile } from '../../src/domain/answer/secrets-check.ts'
import { isEncrypted } from '../../src/domain/compose/encrypted.ts'
import { asMagosError } from '../../src/domain/error.ts'
import type { TreeEntry } from '../../src/domain/revision.ts'
import type { Secrets, Source } from '../../src/ports.ts'

interface TryContext {
  readonly source: Pick<Source, 'read'>
  readonly secrets: Pick<Secrets, 'decrypt'>
}

/** What becomes of each file among these that is encrypted, by its path; what is in them is told to nobody. */
export async function trySealedFiles(
  ctx: TryContext,
  entries: readonly TreeEntry[],
  signal: AbortSignal,
): Promise<readonly SealedFile[]> {
  const files: SealedFile[] = []
  for (const entry of entries.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    if (entry.mode !== '100644' && entry.mode !== '100755') continue
    const tried = await tryFile(ctx, entry, signal)
    if (tried !== null) files.push(tried)
  }
  return files
}

/** null for a file that is not encrypted. */
async function tryFile(
  { source, secrets }: TryContext,
  entry: TreeEntry,
  signal: AbortSignal,
): Promise<SealedFile | null> {
  const content = await source.read(entry, signal)
  if (!isEncrypted(new TextDecoder('utf-8', { ignoreBOM: true }).decode(content))) return null
  const { path: file } = entry
  try {
    await secrets.decrypt({ path: file, content }, signal)
    return { file, outcome: 'opens' }
  } catch (thrown) {
    signal.throwIfAborted()
    const { code, message: reason, remedy, place } = asMagosError(thrown)
    return {
      file,
      outcome: 'refused',
      code,
      reason,
      ...(place?.line === undefined ? {} : { line: place.line }),
      ...(remedy === undefined ? {} : { remedy }),
    }
  }
}
