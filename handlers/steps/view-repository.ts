import type { Problem } from '../../src/domain/compose/scan.ts'
import { parseRepositorySettings } from '../../src/domain/repository-settings.ts'
import type { Revision, TreeEntry } from '../../src/domain/revision.ts'
import { refusalProblems } from '../../src/domain/refusal-problems.ts'
import { discoverStacks } from '../../src/domain/discover-stacks.ts'
import {
  owns,
  projectName,
  refuseSharedProjects,
  type RefusedStack,
  type Stack,
} from '../../src/domain/stack.ts'
import type { Context } from '../context.ts'
import type { RepositoryView } from '../views.ts'

export type ReadContext = Pick<Context, 'source' | 'host'>
type ViewContext = ReadContext & Pick<Context, 'views'>

/** Compose files and settings beyond this are refused unread: 1 MiB. */
const MAX_TEXT = 1_048_576

/** What stands at the revision: its files' names, `.magos.yaml`, the stacks and their project names. */
export async function viewRepository(
  ctx: ViewContext,
  revision: Revision,
  signal: AbortSignal,
): Promise<RepositoryView> {
  const known = ctx.views.recall(revision.commit)
  if (known !== null) return known
  const view = await readRepository(ctx, revision, signal)
  ctx.views.remember(view)
  return view
}

async function readRepository(
  ctx: ReadContext,
  revision: Revision,
  signal: AbortSignal,
): Promise<RepositoryView> {
  const listed = await ctx.source.tree(revision, signal)
  const entries = new Map(listed.map((entry) => [entry.path, entry]))
  const { settings, problems } = await readSettings(ctx, entries, signal)
  const found = discoverStacks(listed, settings, ctx.host.rootStack)
  const unsafe = problems.find(({ code }) => code === 'compose' || code === 'unreadable')
  const ours = unsafe === undefined ? found.stacks.filter((one) => owns(one, ctx.host.name)) : []
  const texts = await readTexts(
    ctx,
    { entries },
    ours.flatMap(({ files }) => files),
    signal,
  )
  const projects = new Map(ours.map((stack) => [stack, projectName(stack, texts.texts)]))
  const project = (stack: Stack) => projects.get(stack) ?? projectName(stack, texts.texts)
  const shared = refuseSharedProjects(ours, project)
  const bad = new Set(shared.map(({ stack }) => stack))
  const refused = found.refused.filter((one) => owns(one, ctx.host.name))
  const halted = unsafe === undefined ? [] : found.stacks.map((stack) => halt(stack, unsafe))
  return {
    revision,
    entries,
    settings,
    stacks: ours.filter(({ name }) => !bad.has(name)),
    directories: found.directories,
    refused: [...refused, ...shared, ...halted],
    problems: [
      ...problems,
      ...texts.unreadable,
      ...refusalProblems([...refused, ...shared], problems),
    ],
    texts: texts.texts,
    referred: new Map(),
    lines: { scan: null, choices: new WeakMap() },
    project,
  }
}

const SETTINGS = '.magos.yaml'

async function readSettings(
  ctx: ReadContext,
  entries: ReadonlyMap<string, TreeEntry>,
  signal: AbortSignal,
) {
  const { texts, unreadable } = await readTexts(ctx, { entries }, [SETTINGS], signal)
  const { settings, problems } = parseRepositorySettings(SETTINGS, texts.get(SETTINGS) ?? null)
  const isFile = ['100644', '100755', undefined].includes(entries.get(SETTINGS)?.mode)
  // A link that nobody follows would otherwise pass for no settings, and every stack for everybody's.
  return { settings, problems: isFile ? [...unreadable, ...problems] : [noRegularFile] }
}

const noRegularFile: Problem = {
  file: SETTINGS,
  line: 1,
  column: 1,
  severity: 'error',
  code: 'unreadable',
  message: `Cannot read "${SETTINGS}": it is no regular file`,
  remedy: 'Commit the file itself instead of a link',
}

/** Without `.magos.yaml` nobody knows whose a stack is, so none is touched. */
function halt(stack: Stack, { file, line, column, message }: Problem): RefusedStack {
  return {
    stack: stack.name,
    reason: `Cannot tell whose stack this is: ${message}`,
    remedy: `Mend ${file}; until then no stack is touched, for it says which host each belongs to`,
    file,
    line,
    column,
    hosts: null,
  }
}

/** A file of the revision as text; null when it is no UTF-8 or over 1 MiB. A BOM stays in the text. */
async function readText(
  ctx: Pick<ReadContext, 'source'>,
  entry: TreeEntry,
  signal: AbortSignal,
): Promise<string | null> {
  const bytes = await ctx.source.read(entry, signal)
  if (bytes.length > MAX_TEXT) return null
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
}

/** Texts of the paths that exist as files; `unreadable` names those that are links, no UTF-8 or over 1 MiB. */
export async function readTexts(
  ctx: Pick<ReadContext, 'source'>,
  view: Pick<RepositoryView, 'entries'>,
  paths: Iterable<string>,
  signal: AbortSignal,
): Promise<{
  readonly texts: ReadonlyMap<string, string>
  readonly unreadable: readonly Problem[]
}> {
  const texts = new Map<string, string>()
  const unreadable: Problem[] = []
  for (const path of new Set(paths)) {
    const entry = view.entries.get(path)
    if (entry === undefined || entry.mode === '160000') continue
    if (entry.mode === '120000') {
      unreadable.push(symlink(path))
      continue
    }
    const text = await readText(ctx, entry, signal)
    if (text === null) unreadable.push(unreadableFile(path))
    else texts.set(path, text)
  }
  return { texts, unreadable }
}

/** A link is deployed as what it points at; an edit would have to know whose line it is. */
function symlink(file: string): Problem {
  return {
    file,
    line: 1,
    column: 1,
    severity: 'warning',
    code: 'symlink',
    message: `Cannot update images in "${file}": it is a symlink`,
    remedy: 'Commit the file itself if its images shall be updated',
  }
}

function unreadableFile(file: string): Problem {
  return {
    file,
    line: 1,
    column: 1,
    severity: 'error',
    code: 'unreadable',
    message: `Cannot read "${file}": it is over 1 MiB or not UTF-8`,
    remedy: 'Keep it below 1 MiB and save it as UTF-8',
  }
}
