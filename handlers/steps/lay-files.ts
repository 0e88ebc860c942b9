import { MagosError } from '../../src/domain/error.ts'
import type { Log } from '../../src/ports.ts'
import type { Context } from '../context.ts'
import { laySecrets } from './lay-secrets.ts'
import type { ResolvedStack } from './resolve-stack.ts'

/**
 * Lays a stack's tracked files into its stable directory, and tells what a person had changed there. What its containers
 * mount in the clear is laid down in memory.
 */
export async function layFiles(
  ctx: Pick<Context, 'files' | 'secretFiles'>,
  { source, files, secrets }: ResolvedStack,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const { kept } = await ctx.files.lay(source.stack.name, files, signal).catch(ofThisStack)
  for (const { path, savedAs } of kept) {
    log.warn({ file: path, savedAs }, 'File had changed on disk and in git: git won')
  }
  await laySecrets(ctx, { secrets }, signal)
}

/** Git is asked about the work tree that this stack's directory lies in, which says nothing about the source. */
function ofThisStack(cause: unknown): never {
  if (!(cause instanceof MagosError) || cause.code !== 'git') throw cause
  throw new MagosError('stack', cause.message, {
    cause,
    remedy: cause.remedy ?? 'Mend the work tree that the stack’s directory lies in',
  })
}
