import type { VersionsAnswer } from '../src/domain/answer/hold.ts'
import { MagosError } from '../src/domain/error.ts'
import type { VersionsRequested } from '../src/domain/event.ts'
import {
  parseImageReference,
  repositoryName,
  type ImageReference,
} from '../src/domain/image-reference.ts'
import { quarantineVersions, releaseVersions } from '../src/domain/quarantine/edit.ts'
import { QUARANTINE_FILE, type QuarantineEntry } from '../src/domain/quarantine/quarantine.ts'
import { quarantineMessage } from '../src/domain/revert-message.ts'
import type { Context, Handled } from './context.ts'
import { quarantineText, readQuarantine } from './steps/read-quarantine.ts'
import { repositoriesOf, stackImages } from './steps/stack-images.ts'
import { viewRepository } from './steps/view-repository.ts'
import type { RepositoryView } from './views.ts'

/**
 * Holds or releases versions of an image for every host, by a commit of the quarantine alone. Throws `usage` for an image
 * that neither a stack of this host nor the list names.
 */
export async function versionsRequested(
  ctx: Context,
  event: VersionsRequested,
  signal: AbortSignal,
): Promise<Handled<VersionsAnswer>> {
  return ctx.lanes.alone('commit', () => listVersions(ctx, event, signal), signal)
}

async function listVersions(
  ctx: Context,
  event: VersionsRequested,
  signal: AbortSignal,
): Promise<Handled<VersionsAnswer>> {
  const wanted = parseImageReference(event.image)
  const revision = await ctx.source.head(signal)
  const view = await viewRepository(ctx, revision, signal)
  const text = await quarantineText(ctx, view, signal)
  const image = repositoryName(wanted)
  const edit = event.action === 'hold' ? hold : release
  await refuseUnknown(ctx, view, wanted, event, signal)
  const edited = edit(ctx, event, wanted, { text, commit: revision.commit })
  const versions = (edited?.entries ?? []).map(({ tag, digest, reason }) => ({
    tag,
    digest,
    reason,
  }))
  const unchanged = { revision: revision.commit, commits: [], image, versions } as const
  if (edited === null) {
    return { answer: { ...unchanged, outcome: 'unchanged' }, followUps: [], next: 'done' }
  }
  const reason = event.reason === '' ? '' : `${event.reason}, says ${event.by}`
  const message = quarantineMessage(event.action, edited.entries, { host: ctx.host.name, reason })
  const mode = view.entries.get(QUARANTINE_FILE)?.mode ?? '100644'
  const files = [{ path: QUARANTINE_FILE, mode, content: edited.text }]
  const outcome = await ctx.committer.commit({ parent: revision, message, files }, signal)
  switch (outcome.outcome) {
    case 'moved':
      return { answer: { ...unchanged, outcome: 'unchanged' }, followUps: [], next: 'again' }
    case 'empty':
      return { answer: { ...unchanged, outcome: 'unchanged' }, followUps: [], next: 'done' }
    case 'held':
      throw new MagosError('edit', `Cannot ${event.action} "${event.image}": ${outcome.reason}`, {
        remedy: outcome.remedy,
      })
    case 'committed':
      return committed(ctx, event, { image, versions, commit: outcome.revision.commit })
  }
}

function committed(
  ctx: Context,
  { action, by }: VersionsRequested,
  { image, versions, commit }: Pick<VersionsAnswer, 'image' | 'versions'> & { commit: string },
): Handled<VersionsAnswer> {
  ctx.history.committed(commit, ctx.now)
  ctx.log.info({ image, commit }, `Versions ${action === 'hold' ? 'held' : 'released'} by ${by}`)
  const outcome = action === 'hold' ? 'held' : 'released'
  const origin = { source: 'own', ref: commit } as const
  const again =
    action === 'release'
      ? [{ event: { kind: 'image-published', repositories: [image] } as const, origin }]
      : []
  return {
    answer: { revision: commit, commits: [commit], image, outcome, versions },
    followUps: [{ event: { kind: 'revision-pushed' }, origin }, ...again],
    next: 'done',
  }
}

interface Now {
  readonly text: string | null
  readonly commit: string
}

interface EditedList {
  readonly text: string
  readonly entries: readonly QuarantineEntry[]
}

function hold(
  { host, now }: Context,
  { image: written, reason, by }: VersionsRequested,
  wanted: ImageReference,
  { text, commit }: Now,
): EditedList | null {
  const { tag, digest } = wanted
  if (tag === null && digest === null) {
    throw new MagosError('usage', `Cannot hold "${written}": it names no version`, {
      remedy: `Name one: magos hold ${written}:TAG, or ${written}@sha256:…; or hold a stack by its name`,
    })
  }
  const entry = {
    image: repositoryName(wanted),
    tag,
    digest,
    host: host.name,
    commit,
    reason: reason === '' ? `held by ${by}` : reason,
    at: new Date(now).toISOString(),
  }
  const edited = quarantineVersions(QUARANTINE_FILE, text, [entry])
  return edited === null ? null : { text: edited, entries: [entry] }
}

function release(
  _ctx: Context,
  _event: VersionsRequested,
  wanted: ImageReference,
  { text }: Now,
): EditedList | null {
  const image = repositoryName(wanted)
  const done = releaseVersions(
    QUARANTINE_FILE,
    text ?? '',
    (entry) =>
      entry.image === image &&
      (wanted.tag === null || entry.tag === wanted.tag) &&
      (wanted.digest === null || entry.digest === wanted.digest),
  )
  return done === null ? null : { text: done.text, entries: done.released }
}

async function refuseUnknown(
  ctx: Context,
  view: RepositoryView,
  wanted: ImageReference,
  { action, image: written }: VersionsRequested,
  signal: AbortSignal,
): Promise<void> {
  const image = repositoryName(wanted)
  const scans = view.stacks.map((stack) => stackImages(ctx, view, stack, signal))
  const used = repositoriesOf((await Promise.all(scans)).flatMap(({ images }) => images))
  const listed = (await readQuarantine(ctx, view, signal)).entries
  if (used.has(image) || listed.some((entry) => entry.image === image)) return
  const names = [...used].toSorted().join(', ')
  throw new MagosError(
    'usage',
    `Cannot ${action} "${written}": no stack of this host runs "${image}", and ${QUARANTINE_FILE} does not list it`,
    { remedy: `Name one of ${names === '' ? 'the images in git' : names}, or a stack` },
  )
}
