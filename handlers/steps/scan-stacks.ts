import { mergeScans } from '../../src/domain/compose/merge-scans.ts'
import { trackedFiles } from '../../src/domain/compose/project-files.ts'
import { scanProject, type ScannedProject } from '../../src/domain/compose/scan.ts'
import type { TreeEntry } from '../../src/domain/revision.ts'
import { unfitSettings } from '../../src/domain/settings/unfit-settings.ts'
import { updatesFirst, type Stack } from '../../src/domain/stack.ts'
import type { Context } from '../context.ts'
import type { RepositoryView, StackScan } from '../views.ts'

/**
 * The image lines of the stacks whose updates this host commits, in whatever files of the repository they stand, scanned
 * once a commit.
 */
export async function scanStacks(
  ctx: Pick<Context, 'host' | 'source'>,
  view: RepositoryView,
  signal: AbortSignal,
): Promise<StackScan> {
  return (view.lines.scan ??= await scan(ctx, view, signal))
}

async function scan(
  ctx: Pick<Context, 'host' | 'source'>,
  view: RepositoryView,
  signal: AbortSignal,
): Promise<StackScan> {
  const texts = new Map(view.texts)
  const scans: { readonly stack: Stack; readonly found: ScannedProject }[] = []
  for (const stack of view.stacks) {
    if (!updatesFirst(stack, ctx.host.name)) continue
    scans.push({ stack, found: await scanStack(ctx, { ...view, known: texts }, stack, signal) })
  }
  return {
    ...mergeScans(scans.map(({ found }) => found)),
    stacksOf: (file) =>
      scans.flatMap(({ stack, found }) => (found.texts.has(file) ? [stack.name] : [])),
  }
}

/** What a stack is read from: a revision's files, its compose files' texts, and what else is known, which grows. */
export interface StackFilesAt {
  readonly entries: ReadonlyMap<string, TreeEntry>
  readonly texts: ReadonlyMap<string, string>
  readonly known: Map<string, string>
  readonly settings: Parameters<typeof scanProject>[2]
}

/** The image lines of one stack. Each look names further files, until all of them are read. */
export async function scanStack(
  { source }: Pick<Context, 'source'>,
  { entries, texts, known, settings }: StackFilesAt,
  stack: Stack,
  signal: AbortSignal,
): Promise<ScannedProject> {
  const files = stack.files.flatMap((path) => {
    const text = texts.get(path)
    return text === undefined ? [] : [{ path, text }]
  })
  for (;;) {
    const missed = new Map<string, TreeEntry>()
    const read = (path: string) => {
      const entry = entries.get(path)
      if (entry !== undefined && !known.has(path)) missed.set(path, entry)
      return known.get(path) ?? null
    }
    const tracked = trackedFiles({ entries, read })
    const { directory } = stack
    const environment = stack.options.envFiles
    const found = scanProject({ files, directory, environment }, tracked, settings)
    if (missed.size === 0) {
      const unfit = unfitSettings(stack, { services: found.services, paths: entries.keys() })
      return unfit.length === 0 ? found : { ...found, problems: [...found.problems, ...unfit] }
    }
    for (const [path, entry] of missed) {
      const bytes = await source.read(entry, signal)
      // What is no text shows as such, and is told where it is parsed.
      known.set(path, new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes))
    }
  }
}
