import { lineKey, lineText, type StackLines } from '../../src/domain/compose/stack-lines.ts'
import type { ScannedImage } from '../../src/domain/compose/scan.ts'
import { MagosError } from '../../src/domain/error.ts'
import { isQuarantined } from '../../src/domain/quarantine/quarantine.ts'
import type { Revision } from '../../src/domain/revision.ts'
import type { Stack } from '../../src/domain/stack.ts'
import type { Context } from '../context.ts'
import type { RepositoryView } from '../views.ts'
import { readQuarantine } from './read-quarantine.ts'
import { linesAt } from './stack-images.ts'

/** A commit of the past, and what the stack's lines said there. */
export interface Past {
  readonly revision: Revision
  readonly lines: StackLines
}

/** Proven states that are looked at. */
const PROVEN = 20

/**
 * The last proven state whose images differ from what the head wants. One that would bring back what is quarantined is
 * passed over: every rollback quarantines what it leaves, so that the next one goes further back and never forth again.
 * Throws `stack` where there is none.
 */
export async function provenBefore(
  ctx: Pick<Context, 'source' | 'ancestry' | 'history'>,
  view: RepositoryView,
  stack: Stack,
  images: readonly ScannedImage[],
  signal: AbortSignal,
): Promise<Past> {
  const quarantine = await readQuarantine(ctx, view, signal)
  let left: Revision | null = null
  for (const commit of provenCommits(ctx, stack).slice(0, PROVEN)) {
    const revision = await ctx.ancestry.revision(commit, signal)
    if (revision === null) continue
    if ((await ctx.ancestry.between(commit, view.revision, signal)) === null) continue
    const lines = await linesAt(ctx, revision, stack, signal)
    const others = otherLines(images, lines)
    if (others.length === 0) continue
    if (!others.some((text) => isQuarantined(quarantine, text))) return { revision, lines }
    left ??= revision
  }
  throw nothingBefore(stack, left)
}

/** Newest first, each once. */
function provenCommits({ history }: Pick<Context, 'history'>, { name }: Stack): readonly string[] {
  const proven = history.proven(name)?.commit
  const deployed = history
    .deployments(10_000)
    .filter(({ stack, outcome }) => stack === name && outcome === 'succeeded')
    .map(({ commit }) => commit)
  return [...new Set([...(proven === undefined ? [] : [proven]), ...deployed])]
}

/** What stood there where something else stands now. */
function otherLines(images: readonly ScannedImage[], lines: StackLines): readonly string[] {
  return images.flatMap((image) => {
    const former = lines.get(lineKey(image.file, image.services[0] ?? ''))
    return former === undefined || former === lineText(image) ? [] : [former]
  })
}

function nothingBefore({ name }: Stack, left: Revision | null): MagosError {
  const state =
    left === null
      ? 'no state with other images was proven here before'
      : `nothing older was proven here, and what was proven at ${left.commit} has quarantined images`
  return new MagosError('stack', `Cannot roll back "${name}": ${state}`, {
    remedy: `Name a commit with --to; see: magos history ${name}`,
  })
}
