import type { RevertAnswer } from '../src/domain/answer/sync.ts'
import type { StackLines } from '../src/domain/compose/stack-lines.ts'
import type { UpdateFailed } from '../src/domain/event.ts'
import { repositoryName } from '../src/domain/image-reference.ts'
import { planRevert, quarantineOf, type PutBack } from '../src/domain/revert.ts'
import { revertMessage } from '../src/domain/revert-message.ts'
import type { Stack } from '../src/domain/stack.ts'
import type { Context, Handled } from './context.ts'
import { commitBack } from './steps/commit-back.ts'
import { ourChanges } from './steps/our-changes.ts'
import { linesAt, repositoriesOf, stackImages } from './steps/stack-images.ts'
import { viewRepository } from './steps/view-repository.ts'
import type { RepositoryView } from './views.ts'

/**
 * Takes back in git what updates of Magos brought into a state that failed here, and lists it so that no policy on any
 * host picks it again: one commit, or none. What a person committed stays, unless this host's owner has image lines of
 * persons taken back too. Everything is read anew, so a lost, doubled or
 * late event is harmless: a line that holds anything else by now is left alone.
 */
export async function updateFailed(
  ctx: Context,
  event: UpdateFailed,
  signal: AbortSignal,
): Promise<Handled<RevertAnswer>> {
  return ctx.lanes.alone('commit', () => takeBack(ctx, event, signal), signal)
}

async function takeBack(
  ctx: Context,
  event: UpdateFailed,
  signal: AbortSignal,
): Promise<Handled<RevertAnswer>> {
  const { stack, commit, reason, words } = event
  const log = ctx.log.child({ stack, commit })
  const revision = await ctx.source.head(signal)
  const view = await viewRepository(ctx, revision, signal)
  const { back, texts } = await planBack(ctx, view, event, signal)
  if (back.length === 0) {
    log.debug({}, 'No update of Magos is to be taken back')
    return { answer: { commits: [], held: [] }, followUps: [], next: 'done' }
  }
  const { name: host } = ctx.host
  const at = new Date(ctx.now).toISOString()
  const entries = quarantineOf(back, { host, commit, reason: shortReason(reason), at })
  const why = `It failed on ${host} at ${commit}: ${reason}`
  const message = revertMessage(back, { stack, host, commit, reason: why, words })
  const handled = await commitBack(
    { ...ctx, log },
    view,
    { stack, back, texts, entries, message },
    signal,
  )
  for (const made of handled.answer.commits) {
    const images = back.map(({ image }) => image.text)
    log.warn({ reverted: made, images }, `Update taken back and quarantined: ${reason}`)
  }
  if (handled.answer.commits.length === 0) return handled
  // Above what runs there may be a version that is not listed, and nobody will tell of it again.
  const repositories = [...new Set(back.map(({ from }) => repositoryName(from)))]
  const hint = {
    event: { kind: 'image-published', repositories },
    origin: { source: 'own' },
  } as const
  return { ...handled, followUps: [...handled.followUps, hint] }
}

interface Ours {
  readonly back: readonly PutBack[]
  readonly texts: ReadonlyMap<string, string>
}

const nothing: Ours = { back: [], texts: new Map() }

/** Our part of what differs between the last good state and the one that failed, as far as the head still holds it. */
async function planBack(
  ctx: Context,
  view: RepositoryView,
  { stack: name, commit, proven }: UpdateFailed,
  signal: AbortSignal,
): Promise<Ours> {
  const stack = view.stacks.find((one) => one.name === name)
  // Without a good state there is nothing to go back to.
  if (stack === undefined || proven === null) return nothing
  const to = await ctx.ancestry.revision(commit, signal)
  if (to === null) return nothing
  const { images, texts } = await stackImages(ctx, view, stack, signal)
  const named = repositoriesOf(images)
  const span = { stack, from: proven, to, kind: 'updates', images: named } as const
  const changes = await ourChanges(ctx, span, signal)
  if (changes === null) return nothing
  const good = ctx.host.revert === 'images' ? await goodLines(ctx, proven, stack, signal) : null
  if (changes.length === 0 && good === null) return nothing
  const back = planRevert(images, await linesAt(ctx, to, stack, signal), changes, good)
  return { back, texts }
}

async function goodLines(
  ctx: Context,
  proven: string,
  stack: Stack,
  signal: AbortSignal,
): Promise<StackLines | null> {
  const revision = await ctx.ancestry.revision(proven, signal)
  return revision === null ? null : linesAt(ctx, revision, stack, signal)
}

/** The list says why in one line; the commit's message says all of it. */
function shortReason(reason: string): string {
  const line = reason.replaceAll(/\s+/gu, ' ').trim()
  return line.length > 200 ? `${line.slice(0, 199)}…`.toWellFormed() : line
}
