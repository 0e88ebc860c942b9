import { stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { MagosError } from '../../domain/error.ts'
import type { FileMode } from '../../domain/revision.ts'
import { type OnStep, pathProblem } from '../../host/files.ts'
import type { RunChild } from '../../host/process.ts'
import type { CommitOutcome, CommitProposal, Committer } from '../../ports.ts'
import { type Advancing, advanceWorkTree, undoAdvance } from './advance.ts'
import { isUnderWay, newAdvance, readJournal } from './advance-journal.ts'
import { branchRef } from './branch.ts'
import {
  type Identity,
  storeCommit,
  storeFiles,
  type StoredFile,
  storeTree,
} from './commit-objects.ts'
import { interruptedIfAborted } from './interruption.ts'
import { branchHead, openLocalRepository, type LocalRepository } from './local-repository.ts'
import { memoized } from './memoized.ts'
import { moveBranch } from './move-branch.ts'
import { parseTree } from './tree-listing.ts'
import { findCheckout, held, type Held } from './work-tree.ts'

export interface LocalCommitterOptions {
  readonly path: string
  /** The watched branch, or who knows it: the source, where it is the repository's own default. */
  readonly branch: string | ((signal: AbortSignal) => Promise<string>)
  readonly run: RunChild
  readonly identity: Identity
  readonly onStep?: OnStep
}

/**
 * Commits to a repository on this machine by native git, under an identity of our own and without its hooks. A branch
 * that is checked out nowhere moves alone; where it is checked out, its files and index go with it or nothing does.
 */
export function createLocalCommitter({
  path,
  branch,
  run,
  identity,
  onStep = () => undefined,
}: LocalCommitterOptions): Committer {
  const open = memoized((signal) => openLocalRepository(run, path, signal))
  const commit = async (proposal: CommitProposal, signal: AbortSignal): Promise<CommitOutcome> => {
    interruptedIfAborted(signal, `Commit to "${path}"`)
    const context = { run, repository: await open(signal), onStep }
    const name = typeof branch === 'string' ? branch : await branch(signal)
    return await commitTo(context, name, identity, proposal, signal)
  }
  let last: Promise<unknown> = Promise.resolve()
  return {
    commit(proposal, signal) {
      // One after the other: two of ours would only find each other's journal.
      const next = last.then(() => commit(proposal, signal))
      last = next.catch(() => undefined)
      return next
    },
  }
}

async function commitTo(
  context: Advancing,
  branch: string,
  identity: Identity,
  { parent, message, files }: CommitProposal,
  signal: AbortSignal,
): Promise<CommitOutcome> {
  const { repository } = context
  branchRef(branch)
  refuseBadPaths(files.map((file) => file.path))
  const obstacle = (await foreignOwner(repository, signal)) ?? (await tidyUp(context, signal))
  if (obstacle !== null) return obstacle
  const head = await branchHead(repository, branch, signal)
  if (head.commit !== parent.commit) return { outcome: 'moved' }
  const stored = await storeFiles(repository, files, signal)
  const tree = await storeTree(repository, head.tree, stored, signal)
  if (tree === head.tree) return { outcome: 'empty' }
  const place = await findCheckout(context.run, repository, branch, signal)
  if (place !== null && 'outcome' in place) return place
  const made = { tree, parent: head.commit, message }
  const commit = await storeCommit(repository, made, identity, signal)
  const move = { branch, parent: head.commit, commit, subject: subjectOf(message) }
  if (place === null) {
    if ((await moveBranch(repository, move, signal)) === 'moved') return { outcome: 'moved' }
    return { outcome: 'committed', revision: { commit, tree } }
  }
  const changed = await changedFiles(repository, head.tree, stored, signal)
  const advance = newAdvance({ ...move, workTree: place.path, files: changed })
  const changedPaths = new Set(changed.map((file) => file.path))
  const contents = files.filter((file) => changedPaths.has(file.path))
  const outcome = await advanceWorkTree(context, place, advance, contents, signal)
  if (outcome === 'advanced') return { outcome: 'committed', revision: { commit, tree } }
  if (outcome === 'moved') return { outcome: 'moved' }
  return outcome === 'busy' ? atWork(repository) : outcome
}

function subjectOf(message: string): string {
  return message.split('\n', 1)[0] ?? ''
}

function refuseBadPaths(paths: readonly string[]): void {
  for (const path of paths) {
    const problem = pathProblem(path)
    if (problem !== null) {
      throw new MagosError('git', `Commit file ${JSON.stringify(path)}: ${problem}`)
    }
  }
}

/** Another user's repository: objects that we wrote there would lock its owner out. */
async function foreignOwner(
  { git, commonDir, name }: LocalRepository,
  signal: AbortSignal,
): Promise<Held | null> {
  const { uid } = await stat(commonDir)
  const us = process.geteuid?.()
  if (us === undefined || us === uid) return null
  const options = ['--get', 'core.sharedRepository']
  const { stdout } = await git(['config', ...options], { signal, accept: [0, 1] })
  if (!/^(?:|0|false|umask)$/u.test(stdout.trim())) return null
  return held(
    `Repository "${name}" belongs to user ${uid}, Magos runs as user ${us}`,
    'Run Magos as that user, or set core.sharedRepository there for a group that both are in',
  )
}

/** Finishes or undoes what a process that is gone has left half done. */
async function tidyUp(context: Advancing, signal: AbortSignal): Promise<Held | null> {
  for (let waited = 0; ; waited += 50) {
    const left = await readJournal(context.repository.commonDir)
    if (left === null) return null
    if (!(await isUnderWay(context.repository.commonDir, left))) {
      return await undoAdvance(context, left)
    }
    if (waited >= 2000) return atWork(context.repository)
    interruptedIfAborted(signal, 'Commit')
    await sleep(50)
  }
}

function atWork({ name, commonDir }: LocalRepository): Held {
  return held(
    `Another Magos is committing to "${name}"`,
    `Let one Magos work a repository; if none does, remove "${commonDir}/magos-advance.json"`,
  )
}

async function changedFiles(
  { git }: LocalRepository,
  tree: string,
  stored: readonly StoredFile[],
  signal: AbortSignal,
) {
  const paths = stored.map((file) => file.path)
  const { stdout } = await git(['ls-tree', '-z', '--full-tree', tree, '--', ...paths], { signal })
  const before = new Map<string, { mode: FileMode; oid: string }>()
  for (const { path, mode, oid } of parseTree(stdout)) before.set(path, { mode, oid })
  return stored.flatMap(({ path, mode, oid }) => {
    const old = before.get(path) ?? null
    const isSame = old !== null && old.oid === oid && old.mode === mode
    return isSame ? [] : [{ path, before: old, after: { mode, oid } }]
  })
}
