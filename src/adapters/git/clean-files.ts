import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { inDirectory, isErrno, readFileSafely } from '../../host/files.ts'
import type { Advance, AdvancedFile } from './advance-journal.ts'
import { algorithmOf, blobId } from './object-id.ts'
import { held, type Held, type WorkTree } from './work-tree.ts'

/** The first file that its owner has changed in index or work tree, as what keeps us from changing it; null: all clean. */
export async function findDirty(
  tree: WorkTree,
  { files }: Advance,
  signal: AbortSignal,
): Promise<Held | null> {
  const indexed = await readIndex(tree, files, signal)
  for (const file of files) {
    const obstacle =
      indexProblem(file, indexed.get(file.path) ?? []) ?? (await fileProblem(tree, file, signal))
    if (obstacle !== null) return obstacle
  }
  return null
}

export interface WorkTreeFile {
  readonly kind: 'file' | 'other'
  readonly isExecutable: boolean
  /** Absent for what is no regular file. */
  readonly content?: Uint8Array
}

/** One file as it lies in the work tree; null where nothing does. A symlink is neither followed nor a file. */
export async function readWorkTreeFile(top: string, path: string): Promise<WorkTreeFile | null> {
  const parts = path.split('/')
  const name = parts.pop() ?? ''
  try {
    return await inDirectory(top, parts, {}, async (here) => {
      const found = await lstat(join(here, name)).catch((thrown: unknown) => {
        if (isErrno(thrown, 'ENOENT')) return null
        throw thrown
      })
      if (found === null) return null
      const isExecutable = (found.mode & 0o100) !== 0
      const content = found.isFile() ? await readFileSafely(join(here, name)) : null
      return content === null
        ? { kind: 'other', isExecutable }
        : { kind: 'file', isExecutable, content }
    })
  } catch (thrown) {
    if (isErrno(thrown, 'ENOTDIR', 'ELOOP')) return { kind: 'other', isExecutable: false }
    throw thrown
  }
}

interface IndexEntry {
  /** `S`: left out by a sparse checkout. */
  readonly tag: string
  readonly mode: string
  readonly oid: string
  readonly stage: string
}

async function readIndex(
  { git }: WorkTree,
  files: readonly AdvancedFile[],
  signal: AbortSignal,
): Promise<Map<string, IndexEntry[]>> {
  const paths = files.map((file) => file.path)
  const { stdout } = await git(['ls-files', '-s', '-t', '-z', '--', ...paths], { signal })
  const entries = new Map<string, IndexEntry[]>()
  for (const record of stdout.split('\0')) {
    const tab = record.indexOf('\t')
    if (tab === -1) continue
    const [tag = '', mode = '', oid = '', stage = ''] = record.slice(0, tab).split(' ')
    const path = record.slice(tab + 1)
    entries.set(path, [...(entries.get(path) ?? []), { tag, mode, oid, stage }])
  }
  return entries
}

function indexProblem({ path, before }: AdvancedFile, entries: readonly IndexEntry[]): Held | null {
  const [entry] = entries
  if (entry === undefined) {
    if (before === null) return null
    return dirty(path, 'its removal is staged', `Commit it, or run "git restore --staged ${path}"`)
  }
  if (entry.stage !== '0') return dirty(path, 'it is in conflict', 'Resolve and commit it')
  if (entry.tag === 'S') {
    return dirty(path, 'a sparse checkout leaves it out', `Run "git sparse-checkout add" for it`)
  }
  if (entry.oid === before?.oid && entry.mode === before.mode) return null
  return dirty(path, 'a change of it is staged', `Commit it, or run "git restore --staged ${path}"`)
}

async function fileProblem(
  tree: WorkTree,
  { path, before }: AdvancedFile,
  signal: AbortSignal,
): Promise<Held | null> {
  const found = await readWorkTreeFile(tree.path, path)
  if (before === null) {
    if (found === null) return null
    return dirty(path, 'an untracked file stands in its place', 'Commit it, or move it away')
  }
  if (found === null)
    return dirty(path, 'it is deleted', `Commit that, or run "git restore ${path}"`)
  const isSame =
    found.content !== undefined &&
    blobId(found.content, algorithmOf(before.oid)) === before.oid &&
    (found.isExecutable === (before.mode === '100755') || !(await countsModes(tree, signal)))
  if (isSame) return null
  return dirty(path, 'it is changed', `Commit or stash the change, or run "git restore ${path}"`)
}

async function countsModes({ git }: WorkTree, signal: AbortSignal): Promise<boolean> {
  const options = ['--type=bool', '--default=true', '--get', 'core.fileMode']
  const { stdout } = await git(['config', ...options], { signal })
  return stdout.trimEnd() !== 'false'
}

function dirty(path: string, state: string, remedy: string): Held {
  return held(`"${path}" is not clean in the work tree: ${state}`, remedy, path)
}
