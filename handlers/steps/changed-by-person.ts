import { pathInStack, stackEntries } from '../../src/domain/deploy/stack-inputs.ts'
import { LOOK_BACK, type Commit, type TreeEntry } from '../../src/domain/revision.ts'
import { magosTrailers } from '../../src/domain/trailers.ts'
import type { ProvenState } from '../../src/ports.ts'
import type { RepositoryView } from '../views.ts'
import { isOurs, type PastContext } from './our-changes.ts'
import { isSameButFor, provenServices } from './proof.ts'
import type { StackSource } from './read-stack.ts'
import type { ResolvedStack } from './resolve-stack.ts'

export interface Since {
  /** What ran. */
  readonly proven: ProvenState
  /** The commit from which on a change counts. */
  readonly from: string
  /** What git says now. */
  readonly source: StackSource
  /** Asked only where the history alone does not tell. */
  readonly resolve: () => Promise<Pick<ResolvedStack, 'desired'>>
}

/** Commits of others whose trees are read at the most. */
const MOST = 50
const SETTINGS = '.magos.yaml'

/**
 * Whether somebody changed a stack in git. Updates of Magos are nobody's doing, whatever they wrote; and a file that no
 * service reads changes no stack.
 */
export async function isChangedByPerson(
  ctx: PastContext,
  view: RepositoryView,
  since: Since,
  signal: AbortSignal,
): Promise<boolean> {
  const { proven, source, resolve } = since
  if (proven.project !== source.project) return true
  if (!(await isTouched(ctx, view, since, signal))) return false
  const commits = await ctx.ancestry.between(proven.commit, view.revision, signal)
  const ours = (commits ?? []).filter((commit) => isOurs(ctx, commit, 'updates'))
  const updates = new Set(ours.flatMap(broughtBy))
  const { desired } = await resolve()
  return !isSameButFor(proven.services, provenServices(desired), updates)
}

/** Whether another commit than an update of ours touched what the stack is made of, or may have. */
async function isTouched(
  ctx: PastContext,
  view: RepositoryView,
  { from, source }: Since,
  signal: AbortSignal,
): Promise<boolean> {
  const commits = await ctx.ancestry.between(from, view.revision, signal)
  if (commits === null || commits.length >= LOOK_BACK) return true
  const others = commits.filter((commit) => !isOurs(ctx, commit, 'updates'))
  if (others.length > MOST) return true
  for (const commit of others) {
    if (await touches(ctx, view, source, commit, signal)) return true
  }
  return false
}

/** A merge brings what one of its parents had; only what none of them had is its own. */
async function touches(
  ctx: PastContext,
  view: RepositoryView,
  source: StackSource,
  { revision, parents }: Commit,
  signal: AbortSignal,
): Promise<boolean> {
  const partsAt = async (at: Commit['revision']) => {
    return partsOf(view, source, await ctx.source.tree(at, signal))
  }
  const before: ReadonlyMap<string, string>[] = []
  for (const parent of parents) {
    const known = await ctx.ancestry.revision(parent, signal)
    if (known === null) return true
    before.push(await partsAt(known))
  }
  const after = await partsAt(revision)
  const paths = new Set([after, ...before].flatMap((parts) => Array.from(parts.keys())))
  return [...paths].some((path) => before.every((parts) => parts.get(path) !== after.get(path)))
}

/** What a stack is made of, and what is said of it, by path. */
function partsOf(
  { directories }: RepositoryView,
  { stack, entries }: StackSource,
  listed: readonly TreeEntry[],
): ReadonlyMap<string, string> {
  const outside = entries.flatMap(({ path }) => (pathInStack(stack, path) === null ? [path] : []))
  const parts = stackEntries(stack, directories, listed, [...outside, SETTINGS])
  return new Map(parts.map(({ path, mode, oid }) => [path, `${mode} ${oid}`]))
}

/** The images that it brought, each as `registry/path@digest`. */
function broughtBy({ message }: Commit): readonly string[] {
  const trailers = magosTrailers(message)
  const [images = [], versions = []] = [trailers.get('Image'), trailers.get('To')]
  if (images.length !== versions.length) return []
  return images.flatMap((image, at) => {
    const [digest] = /sha256:[0-9a-f]{64}$/u.exec(versions[at] ?? '') ?? []
    return digest === undefined ? [] : [`${image}@${digest}`]
  })
}
