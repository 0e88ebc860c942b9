import type { CheckAnswer } from '../src/domain/answer/check.ts'
import { formatImageReference } from '../src/domain/image-reference.ts'
import { policyText } from '../src/domain/change.ts'
import { updatedReference, type Update } from '../src/domain/update.ts'
import { resolveDelivery } from '../src/domain/proposal/settings.ts'
import type { Memory } from '../src/ports.ts'
import type { CheckContext } from './context.ts'
import { editFiles } from './steps/edit-files.ts'
import { findUpdates, type FoundUpdates } from './steps/find-updates.ts'
import { viewRepository } from './steps/view-repository.ts'
import { withoutPullRequests } from './steps/without-pull-requests.ts'
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
  const asked = { repositories: 'all', branches: [], mode: 'any' } as const
  const found = await findUpdates(looking, view, asked, signal)
  const { held, problems, standing } = found
  const { updates, barred, modeOf } = deliver(ctx, view, found)
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
      mode: modeOf(update),
    })),
    held: [...held, ...barred],
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

/** The updates that would be committed or proposed, and those that cannot be: seen before anything is written. */
function deliver(ctx: CheckContext, view: RepositoryView, found: FoundUpdates) {
  const { delivery } = view.settings
  const modeOf = ({ image }: Update) => resolveDelivery(image.delivery, delivery).mode
  const lost = found.updates.filter((one) => ctx.proposals === null && modeOf(one) === 'pr')
  const wanted = found.updates.filter((one) => !lost.includes(one))
  const { files, refused } = editFiles(ctx, view, { updates: wanted, texts: found.texts })
  const due = new Set(files.flatMap((file) => file.updates))
  return {
    updates: wanted.filter((one) => due.has(one)),
    barred: [...withoutPullRequests(lost), ...refused],
    modeOf,
  }
}

function onlyLooking(memory: Pick<Memory, 'firstSeen'>): Memory {
  return { firstSeen: (sight) => memory.firstSeen(sight), see: () => undefined }
}
