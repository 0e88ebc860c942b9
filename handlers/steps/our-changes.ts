import type { LineChange } from '../../src/domain/revert.ts'
import type { Commit, Revision } from '../../src/domain/revision.ts'
import type { Stack } from '../../src/domain/stack.ts'
import { isByMagos, magosTrailers, takesBack } from '../../src/domain/trailers.ts'
import type { PlanContext } from '../context.ts'
import { linesAt } from './stack-images.ts'

export type PastContext = Pick<PlanContext, 'source' | 'ancestry' | 'history'>

export interface Span {
  readonly stack: Stack
  readonly from: string
  readonly to: Revision
  /** `updates` are what no person asked for; `all` are reverts and rollbacks too. */
  readonly kind: 'updates' | 'all'
  /** `registry/path` of the images that matter. */
  readonly images: ReadonlySet<string>
}

/**
 * What commits of Magos, of this host and of others, did to a stack's image lines, newest first; null where the history
 * between the two is not known. Ours is known by its recorded id or its trailers, never by its author.
 */
export async function ourChanges(
  ctx: PastContext,
  { stack, from, to, kind, images }: Span,
  signal: AbortSignal,
): Promise<readonly LineChange[] | null> {
  const commits = await ctx.ancestry.between(from, to, signal)
  if (commits === null) return null
  const ours = commits.filter(
    (commit) => isOurs(ctx, commit, kind) && concerns(commit.message, images),
  )
  const changes: LineChange[] = []
  for (const { revision, parents } of ours) {
    const [parent] = parents
    const former = parent === undefined ? null : await ctx.ancestry.revision(parent, signal)
    if (former === null) continue
    const [before, after] = [
      await linesAt(ctx, former, stack, signal),
      await linesAt(ctx, revision, stack, signal),
    ]
    changes.push({ commit: revision.commit, before, after })
  }
  return changes
}

/** Ours of this host and of others, by its recorded id or its trailers, never by its author. */
export function isOurs(
  { history }: Pick<PlanContext, 'history'>,
  { revision, message }: Commit,
  kind: Span['kind'],
): boolean {
  if (!history.isOurs(revision.commit) && !isByMagos(message)) return false
  return kind === 'all' || !takesBack(message)
}

/** Most commits are about other stacks; their trees are not read. */
function concerns(message: string, images: ReadonlySet<string>): boolean {
  const named = magosTrailers(message).get('Image') ?? []
  return named.length === 0 || named.some((image) => images.has(image))
}
