import type { SecretsCheckAnswer, SealedFile } from '../src/domain/answer.ts'
import { isEncrypted } from '../src/domain/compose/encrypted.ts'
import { asMagosError } from '../src/domain/error.ts'
import type { TreeEntry } from '../src/domain/revision.ts'
import type { Context } from './context.ts'

/** Tries every encrypted file of the repository with this host's keys; what is in them is told to nobody. */
export async function secretsCheckRequested(
  ctx: Pick<Context, 'source' | 'secrets'>,
  signal: AbortSignal,
): Promise<SecretsCheckAnswer> {
  const revision = await ctx.source.head(signal)
  const entries = await ctx.source.tree(revision, signal)
  const files: SealedFile[] = []
  for (const entry of entries.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    if (entry.mode !== '100644' && entry.mode !== '100755') continue
    const tried = await tryFile(ctx, entry, signal)
    if (tried !== null) files.push(tried)
  }
  return { revision: revision.commit, files }
}

/** null for a file that is not encrypted. */
async function tryFile(
  { source, secrets }: Pick<Context, 'source' | 'secrets'>,
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
