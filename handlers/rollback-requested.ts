import type { HeldImage } from '../src/domain/answer/check.ts'
import type { RollbackAnswer } from '../src/domain/answer/sync.ts'
import type { ScannedImage } from '../src/domain/compose/scan.ts'
import { MagosError } from '../src/domain/error.ts'
import type { RollbackRequested } from '../src/domain/event.ts'
import { formatImageReference } from '../src/domain/image-reference.ts'
import { planRollback, quarantineOf, type PutBack } from '../src/domain/revert.ts'
import { revertMessage } from '../src/domain/revert-message.ts'
import type { Stack } from '../src/domain/stack.ts'
import type { Context, Handled } from './context.ts'
import { deployRevision } from './revision-pushed.ts'
import { commitBack } from './steps/commit-back.ts'
import { namedStacks } from './steps/named-stacks.ts'
import { ourChanges } from './steps/our-changes.ts'
import { provenBefore, type Past } from './steps/proven-before.ts'
import { linesAt, repositoriesOf, stackImages } from './steps/stack-images.ts'
import { viewRepository } from './steps/view-repository.ts'
import type { RepositoryView } from './views.ts'

/**
 * Commits a stack's image lines as they stood at another commit, where Magos wrote what stands there now, lists what it
 * replaces so that no policy brings it back, and deploys. Throws `usage` for a stack or commit that is not there.
 */
export async function rollbackRequested(
  ctx: Context,
  event: RollbackRequested,
  signal: AbortSignal,
): Promise<Handled<RollbackAnswer>> {
  // Nobody else looks before it did, or the answer would not tell of what follows from the commit.
  const { look, seen } = await ctx.lanes.look(
    'stack',
    async () => {
      const back = await ctx.lanes.alone('commit', () => putBack(ctx, event, signal), signal)
      return { ...back, revision: await ctx.source.head(signal) }
    },
    signal,
  )
  const { answer, followUps, next, revision } = seen
  const { stack, commits } = answer
  if (commits.length === 0) return { answer, followUps, next }
  const looked = { look, seen: revision }
  const request = { stack, kind: 'request', asked: 'by-person', looked } as const
  const deployed = await deployRevision(ctx, request, signal)
  return {
    answer: { ...answer, ...deployed.answer },
    followUps: [...followUps, ...deployed.followUps],
    next: 'done',
  }
}

async function putBack(
  ctx: Context,
  event: RollbackRequested,
  signal: AbortSignal,
): Promise<Handled<RollbackAnswer>> {
  const { stack: name, by } = event
  const revision = await ctx.source.head(signal)
  const view = await viewRepository(ctx, revision, signal)
  const stack = stackNamed(view, name)
  const { back, texts, held, target } = await planBack(ctx, view, stack, event.to, signal)
  const { name: host } = ctx.host
  const reason = `Rolled back to ${target} on ${host} by ${by}`
  const at = new Date(ctx.now).toISOString()
  const entries = quarantineOf(back, { host, commit: revision.commit, reason, at })
  const message = revertMessage(back, {
    stack: name,
    host,
    commit: revision.commit,
    reason,
    words: '',
  })
  const done = await commitBack(ctx, view, { stack: name, back, texts, entries, message }, signal)
  const { commits } = done.answer
  if (commits.length > 0) ctx.log.info({ stack: name, to: target, commits }, `Rolled back by ${by}`)
  const answer = {
    stack: name,
    to: target,
    lines: linesOf(back),
    commits,
    revision: revision.commit,
    held: [...held, ...done.answer.held],
    deployments: [],
  }
  return { ...done, answer }
}

function stackNamed(view: RepositoryView, name: string): Stack {
  const { due, refused } = namedStacks(view, name)
  const [stack] = due
  if (stack !== undefined) return stack
  const [{ reason, remedy, file } = unreadable] = refused
  throw new MagosError('stack', `Cannot roll back "${name}": ${reason}`, {
    remedy,
    place: { file },
  })
}

const unreadable = { reason: 'it is refused', remedy: 'Look at: magos plan', file: '.magos.yaml' }

interface Plan {
  readonly back: readonly PutBack[]
  readonly texts: ReadonlyMap<string, string>
  readonly held: readonly HeldImage[]
  readonly target: string
}

async function planBack(
  ctx: Context,
  view: RepositoryView,
  stack: Stack,
  to: string | null,
  signal: AbortSignal,
): Promise<Plan> {
  const { images, texts } = await stackImages(ctx, view, stack, signal)
  const { revision, lines } =
    to === null
      ? await provenBefore(ctx, view, stack, images, signal)
      : await commitNamed(ctx, view, stack, to, signal)
  const changes = await ourChanges(
    ctx,
    {
      stack,
      from: revision.commit,
      to: view.revision,
      kind: 'all',
      images: repositoriesOf(images),
    },
    signal,
  )
  const { back, foreign } = planRollback(images, lines, changes ?? [])
  if (back.length + foreign.length > 0) {
    return { back, texts, held: foreign.map(heldForeign), target: revision.commit }
  }
  throw new MagosError(
    'stack',
    `Cannot roll back "${stack.name}" to ${revision.commit}: its images were the same there`,
    { remedy: `Name another commit with --to; see: magos history ${stack.name}` },
  )
}

async function commitNamed(
  ctx: Context,
  view: RepositoryView,
  stack: Stack,
  to: string,
  signal: AbortSignal,
): Promise<Past> {
  const { name } = stack
  const revision = await ctx.ancestry.revision(to, signal)
  const since =
    revision === null ? null : await ctx.ancestry.between(revision.commit, view.revision, signal)
  if (revision !== null && since !== null) {
    return { revision, lines: await linesAt(ctx, revision, stack, signal) }
  }
  throw new MagosError(
    'usage',
    `Cannot roll back "${name}" to "${to}": the branch has no such commit`,
    { remedy: 'Write a commit’s id, or the first seven of its letters at the least' },
  )
}

function heldForeign({ file, line, column, text }: ScannedImage): HeldImage {
  return {
    file,
    line,
    column,
    image: text,
    reason: 'a person wrote what stands here, so it stays',
    remedy: 'Write the image that you want by hand, or with: magos set-image',
    kind: 'problem',
  }
}

function linesOf(back: readonly PutBack[]): RollbackAnswer['lines'] {
  return back.map(({ image, from, to }) => ({
    file: image.file,
    line: image.line,
    services: image.services,
    from: formatImageReference(from),
    to: formatImageReference(to),
  }))
}
