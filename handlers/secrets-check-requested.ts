import type { SecretsCheckAnswer } from '../src/domain/answer/secrets-check.ts'
import type { Context } from './context.ts'
import { findClearFiles } from './steps/find-clear-files.ts'
import { trySealedFiles } from './steps/try-sealed-files.ts'

/** Tries every encrypted file of the repository with this host's keys; what is in them is told to nobody. */
export async function secretsCheckRequested(
  ctx: Pick<Context, 'source' | 'secrets'>,
  signal: AbortSignal,
): Promise<SecretsCheckAnswer> {
  const revision = await ctx.source.head(signal)
  const entries = await ctx.source.tree(revision, signal)
  const files = await trySealedFiles(ctx, entries, signal)
  const warnings = await findClearFiles(ctx, entries, files, signal)
  return { revision: revision.commit, files, warnings }
}
