import type { SealedPaths } from '../../src/domain/compose/sealed.ts'
import { inputsDigest, pathInHome } from '../../src/domain/deploy/stack-inputs.ts'
import type { UntrackedInput } from '../../src/domain/deploy/stack-inputs.ts'
import type { TreeEntry } from '../../src/domain/revision.ts'
import type { Stack } from '../../src/domain/stack.ts'
import type { PlanContext } from '../context.ts'
import { referStack } from './refer-stack.ts'
import type { ReferredStack } from '../views.ts'
import { refuseHooks } from './refuse-hooks.ts'
import type { RepositoryView } from '../views.ts'

/** What a stack consists of, before Compose was asked. */
export interface StackSource {
  readonly stack: Stack
  readonly project: string
  /** The stable directory. */
  readonly home: string
  readonly entries: readonly TreeEntry[]
  readonly untracked: readonly UntrackedInput[]
  readonly sealed: SealedPaths
  /** Digest over all of it. */
  readonly inputs: string
  /** The same over what git says alone. */
  readonly tracked: string
}

/** Reads what a stack consists of. Throws `stack` or `compose` with its place for what is refused. */
export async function readStack(
  ctx: PlanContext,
  view: RepositoryView,
  stack: Stack,
  signal: AbortSignal,
): Promise<StackSource> {
  refuseHooks(ctx.host, stack)
  const referred = await referStack(ctx, view, stack, signal)
  const { entries, sealed } = referred
  const project = view.project(stack)
  const home = ctx.files.home(stack.name)
  const untracked = await readUntracked(ctx, stack, referred, signal)
  const { files, options } = stack
  const parts = { project, home, files, entries, options }
  return {
    stack,
    project,
    home,
    entries,
    untracked,
    sealed,
    inputs: inputsDigest({ ...parts, untracked }),
    tracked: inputsDigest({ ...parts, untracked: [] }),
  }
}

/** The stack's own `.env` and the env files that git does not hold, as they lie in the stable directory now. */
async function readUntracked(
  ctx: PlanContext,
  stack: Stack,
  { untracked }: ReferredStack,
  signal: AbortSignal,
): Promise<readonly UntrackedInput[]> {
  const found: UntrackedInput[] = []
  for (const path of untracked) {
    const content = await ctx.files.read(stack.name, pathInHome(stack, path), signal)
    if (content !== null) found.push({ path, content })
  }
  return found
}
