import type { CheckAnswer } from '../src/domain/answer.ts'
import { formatImageReference } from '../src/domain/image-reference.ts'
import { policyText } from '../src/domain/change.ts'
import { updatedReference } from '../src/domain/update.ts'
import { resolveDelivery } from '../src/domain/proposal/settings.ts'
import type { Memory } from '../src/ports.ts'
import type { CheckContext } from './context.ts'
import { findUpdates } from './steps/find-updates.ts'
import { viewRepository } from './steps/view-repository.ts'
import type { RepositoryView } from './views.ts'

/** What `image-published` would do now; asks the registries and changes nothing. */
export async function checkRequested(ctx: CheckContext, signal: AbortSignal): Promise<CheckAnswer> {
  const revision = await ctx.source.head(signal)
  return checkView(ctx, await viewRepository(ctx, revision, signal), signal)
}

/** The same for the stacks of one view. */
export async function checkView(
  ctx: CheckContext,
  view: RepositoryView,
  signal: AbortSignal,
): Promise<CheckAnswer> {
  const before = ctx.registry.requests()
  const looking = { ...ctx, memory: onlyLooking(ctx.memory) }
  const { updates, held, problems, standing } = await findUpdates(
    looking,
    view,
    { repositories: 'all', branches: [], mode: 'any' },
    signal,
  )
  return {
    revision: view.revision.commit,
    updates: updates.map((update) => ({
      file: update.image.file,
      line: update.image.line,
      services: update.image.services,
      from: formatImageReference(update.current),
      to: updatedReference(update),
      policy: policyText(update.policy),
      reason: update.reason,
      mode: resolveDelivery(update.image.delivery, view.settings.delivery).mode,
    })),
    held,
    problems,
    current: standing.map(({ image, policy, reason }) => ({
      file: image.file,
      line: image.line,
      services: image.services,
      image: image.text,
      policy: policyText(policy),
      reason,
    })),
    unchanged: standing.length,
    requests: ctx.registry.requests() - before,
  }
}

function onlyLooking(memory: Pick<Memory, 'firstSeen'>): Memory {
  return { firstSeen: (sight) => memory.firstSeen(sight), see: () => undefined }
}
