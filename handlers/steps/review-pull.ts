import { isEncrypted } from '../../src/domain/compose/encrypted.ts'
import { trackedFiles } from '../../src/domain/compose/project-files.ts'
import { readProject } from '../../src/domain/compose/project.ts'
import type { Problem } from '../../src/domain/problem.ts'
import { compareStack, type StackParts } from '../../src/domain/review/compare-stack.ts'
import type { ReviewedStack } from '../../src/domain/review/report.ts'
import { projectParts } from '../../src/domain/review/service-parts.ts'
import type { Revision } from '../../src/domain/revision.ts'
import { environmentFiles, type Stack } from '../../src/domain/stack.ts'
import { createViews, type RepositoryView } from '../views.ts'
import { scanStack } from './scan-stacks.ts'
import { viewRepository, type ReadContext } from './view-repository.ts'

/** A revision as a review sees it. */
export interface ReviewedRevision {
  readonly view: RepositoryView
  readonly stacks: ReadonlyMap<string, StackParts>
  readonly problems: readonly Problem[]
}

/** Reads this host's stacks at one revision, from git objects alone. */
export async function readRevision(
  ctx: ReadContext,
  revision: Revision,
  signal: AbortSignal,
): Promise<ReviewedRevision> {
  const view = await viewRepository({ ...ctx, views: createViews() }, revision, signal)
  const stacks = new Map<string, StackParts>()
  const problems: Problem[] = [...view.problems]
  const known = new Map(view.texts)
  const files = new Map([...view.entries.values()].map(({ path, oid }) => [path, oid]))
  for (const stack of view.stacks) {
    const at = { entries: view.entries, texts: view.texts, known, settings: view.settings }
    const scanned = await scanStack(ctx, at, stack, signal)
    problems.push(...scanned.problems)
    stacks.set(stack.name, await readParts(ctx, view, stack, { known, files }, signal))
  }
  return { view, stacks, problems }
}

interface Texts {
  readonly known: Map<string, string>
  readonly files: ReadonlyMap<string, string>
}

async function readParts(
  ctx: ReadContext,
  view: RepositoryView,
  stack: Stack,
  { known, files }: Texts,
  signal: AbortSignal,
): Promise<StackParts> {
  const read = (path: string): string | null => known.get(path) ?? null
  const source = stack.files.flatMap((path) => {
    const text = view.texts.get(path)
    return text === undefined ? [] : [{ path, text }]
  })
  const tracked = trackedFiles({ entries: view.entries, read })
  const { directory } = stack
  const given = environmentFiles(stack)
  const { envFiles } = stack.options
  const project = readProject({ files: source, directory, environment: envFiles }, tracked)
  const parts = projectParts(project)
  const environment = given ?? [directory === '' ? '.env' : `${directory}/.env`]
  const named = [...parts.services.values()]
    .flatMap(({ references }) => references)
    .flatMap(({ role, path }) => (role === 'read' ? [path] : []))
  for (const path of [...environment, ...named]) {
    const entry = view.entries.get(path)
    if (entry === undefined || known.has(path)) continue
    const bytes = await ctx.source.read(entry, signal)
    known.set(path, new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes))
  }
  return {
    ...parts,
    files,
    environment,
    settings: [view.project(stack), stack.files, stack.options],
    text(path) {
      const text = known.get(path)
      return text === undefined || isEncrypted(text) ? null : text
    },
  }
}

/** Stacks for which anything would change, and those that a changed file belongs to. */
export function reviewStacks(
  before: ReviewedRevision,
  after: ReviewedRevision,
  changed: ReadonlySet<string>,
): readonly ReviewedStack[] {
  const names = new Set([...before.stacks.keys(), ...after.stacks.keys()])
  return [...names].toSorted().flatMap((name) => {
    const services = compareStack(before.stacks.get(name) ?? null, after.stacks.get(name) ?? null)
    const isTouched = [before, after].some(({ view }) =>
      view.stacks.some((stack) => stack.name === name && isOf(stack, changed)),
    )
    const moves = services.some(({ action }) => action !== 'keep')
    return isTouched || moves ? [{ name, services }] : []
  })
}

/** A compose file of the stack, or anything beside it. */
function isOf({ directory, files }: Stack, changed: ReadonlySet<string>): boolean {
  return [...changed].some(
    (path) => files.includes(path) || (directory !== '' && path.startsWith(`${directory}/`)),
  )
}

/** Paths whose files differ. */
export function changedPaths(before: RepositoryView, after: RepositoryView): ReadonlySet<string> {
  const paths = new Set([...before.entries.keys(), ...after.entries.keys()])
  const isChanged = (path: string): boolean => {
    const [old, now] = [before.entries.get(path), after.entries.get(path)]
    return old?.oid !== now?.oid || old?.mode !== now?.mode
  }
  return new Set([...paths].filter(isChanged))
}
