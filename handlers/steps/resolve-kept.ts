import { MagosError } from '../../src/domain/error.ts'
import type { ObservedState } from '../../src/domain/deployment.ts'
import type { LastGoodState, Source } from '../../src/ports.ts'
import type { Context } from '../context.ts'
import type { StackSource } from './read-stack.ts'
import { resolveStack, type ResolvedStack } from './resolve-stack.ts'

/** A kept state, resolved without git: what it consists of was kept with it. */
export async function resolveKept(
  ctx: Pick<Context, 'compose' | 'files' | 'history' | 'secrets' | 'secretFiles'>,
  last: LastGoodState,
  observed: ObservedState,
  signal: AbortSignal,
): Promise<ResolvedStack> {
  const { compose, history, secrets, secretFiles } = ctx
  const kept = { compose, history, secrets, secretFiles, source: keptSource(last) }
  return resolveStack(kept, sourceOf(ctx, last), observed, signal)
}

/** The stack as it was, in the directory that is its own now. */
export function sourceOf({ files }: Pick<Context, 'files'>, last: LastGoodState): StackSource {
  const { stack, project, inputs, tracked, untracked, sealed } = last
  const entries = last.files.map(({ path, mode, oid }) => ({ path, mode, oid }))
  const home = files.home(stack.name)
  return { stack, project, home, entries, untracked, sealed, inputs, tracked }
}

/** Reads from what was kept: git may have forgotten that commit. */
function keptSource({ stack, files }: LastGoodState): Pick<Source, 'read'> {
  const contents = new Map(files.map(({ oid, content }) => [oid, content]))
  return {
    async read({ path, oid }) {
      const content = contents.get(oid)
      if (content !== undefined) return await Promise.resolve(content)
      throw new MagosError('stack', `Read "${path}" of the last good state: it was not kept`, {
        remedy: `Commit a change to stack "${stack.name}", or try it again by hand`,
      })
    },
  }
}
