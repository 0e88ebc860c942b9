import { unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { CommitFile } from '../../ports.ts'
import { type OnStep, unlessErrno } from '../../host/files.ts'
import type { RunChild } from '../../host/process.ts'
import { type Advance, removeJournal, writeJournal } from './advance-journal.ts'
import { findDirty, readWorkTreeFile } from './clean-files.ts'
import type { StoredFile } from './commit-objects.ts'
import { lockIndex, unlockIndex } from './index-lock.ts'
import type { LocalRepository } from './local-repository.ts'
import { moveBranch } from './move-branch.ts'
import { algorithmOf, blobId } from './object-id.ts'
import { stageEntries } from './stage-index.ts'
import { removeTemporary, restoreFile, writeWorkTreeFile } from './work-tree-files.ts'
import { type Held, openWorkTree, type WorkTree } from './work-tree.ts'

export interface Advancing {
  readonly run: RunChild
  readonly repository: LocalRepository
  readonly onStep: OnStep
}

/**
 * Moves a checked-out branch as a person's commit would: file, index and ref. The ref goes last and decides: whatever
 * ends us before it leaves a change that `git commit` would keep and that `undoAdvance` takes back; whatever ends us
 * after it leaves a finished commit. All of it under git's own lock of the index.
 */
export async function advanceWorkTree(
  context: Advancing,
  tree: WorkTree,
  advance: Advance,
  files: readonly CommitFile[],
  signal: AbortSignal,
): Promise<'advanced' | 'moved' | 'busy' | Held> {
  const { onStep, repository } = context
  await onStep('journal')
  if (!(await writeJournal(repository.commonDir, advance))) return 'busy'
  try {
    await onStep('lock')
    const obstacle =
      (await lockIndex(tree.gitDir, advance.token)) ?? (await findDirty(tree, advance, signal))
    if (obstacle !== null) {
      await forget(context, tree.gitDir, advance)
      return obstacle
    }
    for (const file of files) await writeWorkTreeFile(tree, file, advance.token, onStep)
    await stageEntries(tree, advance.token, afterOf(advance), signal, onStep)
    await onStep('ref')
    if ((await moveBranch(repository, advance, signal)) === 'moved') {
      await undoAdvance(context, advance)
      return 'moved'
    }
    await forget(context, tree.gitDir, advance)
    return 'advanced'
  } catch (thrown) {
    await onStep('undo')
    // What cannot be taken back now stays in the journal for the next try.
    await undoAdvance(context, advance).catch(() => undefined)
    throw thrown
  }
}

/**
 * Takes back what an advance that did not reach the ref has done; one that did is only tidied up after. Whatever was
 * changed or committed by somebody since is left as it is. Idempotent; `held` while somebody holds the index.
 */
export async function undoAdvance(context: Advancing, advance: Advance): Promise<Held | null> {
  const { run, repository, onStep } = context
  // Not the caller's: an interruption must not keep us from tidying up.
  const signal = AbortSignal.timeout(60_000)
  const tree = await openWorkTree(run, advance.workTree, signal).catch(() => null)
  if (tree === null) {
    await removeJournal(repository.commonDir)
    return null
  }
  if (!(await isDone(repository, advance, signal))) {
    await onStep('lock')
    const locked = await lockIndex(tree.gitDir, advance.token)
    if (locked !== null) return locked
    await takeBack(context, tree, advance, signal)
  }
  await forget(context, tree.gitDir, advance)
  return null
}

async function isDone(
  { git }: LocalRepository,
  { commit, branch }: Advance,
  signal: AbortSignal,
): Promise<boolean> {
  const { exitCode } = await git(
    ['merge-base', '--is-ancestor', commit, `refs/heads/${branch}`],
    // 128: the branch, or the commit that nobody pointed at, is gone.
    { signal, accept: [0, 1, 128] },
  )
  return exitCode === 0
}

async function takeBack(
  { onStep }: Advancing,
  tree: WorkTree,
  advance: Advance,
  signal: AbortSignal,
): Promise<void> {
  const paths = advance.files.map((file) => file.path)
  const committed = await entriesOf(tree, ['ls-tree', '-z', 'HEAD', '--', ...paths], signal)
  const indexed = await entriesOf(tree, ['ls-files', '-s', '-z', '--', ...paths], signal)
  const back: StoredFile[] = []
  for (const { path, before, after } of advance.files) {
    // The owner may have committed our update, or something else: then theirs is the truth.
    if (committed.get(path) !== before?.oid) continue
    const found = await readWorkTreeFile(tree.path, path)
    const isOurs =
      found?.content !== undefined && blobId(found.content, algorithmOf(after.oid)) === after.oid
    if (isOurs) await restoreFile(tree, { path, before, after }, advance.token, signal, onStep)
    if (indexed.get(path) !== after.oid) continue
    back.push({ path, mode: before?.mode ?? '0', oid: before?.oid ?? '0'.repeat(after.oid.length) })
  }
  if (back.length > 0) await stageEntries(tree, advance.token, back, signal, onStep)
}

async function forget(
  { repository, onStep }: Advancing,
  gitDir: string,
  advance: Advance,
): Promise<void> {
  for (const { path } of advance.files) {
    await removeTemporary(join(advance.workTree, dirname(path)), advance.token)
  }
  await unlink(join(gitDir, `magos-${advance.token}.index`)).catch(unlessErrno('ENOENT'))
  await onStep('unlock')
  await unlockIndex(gitDir, advance.token)
  await onStep('forget')
  await removeJournal(repository.commonDir)
}

function afterOf({ files }: Advance): readonly StoredFile[] {
  return files.map(({ path, after }) => ({ path, ...after }))
}

/** Object ids by path, from a listing in which they stand as a word before the tab. */
async function entriesOf(
  { git }: WorkTree,
  args: readonly string[],
  signal: AbortSignal,
): Promise<Map<string, string>> {
  const { stdout } = await git(args, { signal })
  const records = stdout.split('\0').filter((record) => record.includes('\t'))
  return new Map(
    records.map((record) => {
      const tab = record.indexOf('\t')
      const oid = record
        .slice(0, tab)
        .split(' ')
        .find((word) => word.length >= 40)
      return [record.slice(tab + 1), oid ?? '']
    }),
  )
}
