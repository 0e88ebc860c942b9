import { scanComposeFile } from '../../src/domain/compose/scan.ts'
import { updatesFirst } from '../../src/domain/stack.ts'
import type { HostSettings } from '../context.ts'
import type { RepositoryView, StackScan } from '../views.ts'

/** The image lines of the stacks whose updates this host commits, scanned once a commit. */
export function scanStacks({ name }: Pick<HostSettings, 'name'>, view: RepositoryView): StackScan {
  return (view.lines.scan ??= scan(name, view))
}

function scan(host: string, view: RepositoryView): StackScan {
  const stacks = view.stacks.filter((stack) => updatesFirst(stack, host))
  const files = new Set(stacks.flatMap((stack) => stack.files))
  const texts = new Map([...view.texts].filter(([file]) => files.has(file)))
  const scans = [...texts].map(([file, text]) => scanComposeFile(file, text, view.settings))
  return {
    texts,
    images: scans.flatMap(({ images }) => images),
    problems: scans.flatMap(({ problems }) => problems),
    stacksOf: (file) =>
      stacks.filter((stack) => stack.files.includes(file)).map(({ name }) => name),
  }
}
