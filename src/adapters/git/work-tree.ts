import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunChild } from '../../host/process.ts'
import type { CommitOutcome } from '../../ports.ts'
import { branchRef } from './branch.ts'
import type { LocalRepository } from './local-repository.ts'
import { createNativeGit, type NativeGit } from './native-git.ts'

export type Held = Extract<CommitOutcome, { outcome: 'held' }>

/** The one place where the branch is checked out. */
export interface WorkTree {
  readonly path: string
  /** Its own git directory: where its index, HEAD and the state of a rebase lie. */
  readonly gitDir: string
  /** Git that runs at the top of this work tree. */
  readonly git: NativeGit
}

/**
 * Where somebody has the branch checked out, linked work trees included; null: nowhere, so that the ref alone may move.
 * `held` when moving it would pull the ground from under somebody.
 */
export async function findCheckout(
  run: RunChild,
  repository: LocalRepository,
  branch: string,
  signal: AbortSignal,
): Promise<WorkTree | Held | null> {
  const operation = await operationOnBranch(repository.commonDir, branch)
  if (operation !== null) return operation
  const listed = await listWorkTrees(repository, signal)
  const [place, second] = listed.filter((tree) => tree.branch === branchRef(branch))
  if (place === undefined) return null
  if (second !== undefined) {
    return held(
      `Branch "${branch}" is checked out twice, in "${place.path}" and "${second.path}"`,
      'Check another branch out in one of them',
    )
  }
  const tree = await openWorkTree(run, place.path, signal).catch(() => null)
  if (tree === null) {
    return held(
      `Branch "${branch}" is checked out in "${place.path}", which is not there`,
      `Bring that work tree back, or run "git worktree prune"`,
    )
  }
  return (await operationIn(tree)) ?? tree
}

export async function openWorkTree(
  run: RunChild,
  path: string,
  signal: AbortSignal,
): Promise<WorkTree> {
  await stat(join(path, '.git'))
  const native = createNativeGit(run, [path])
  const git: NativeGit = (args, call) => native(['-C', path, ...args], call)
  const { stdout } = await git(['rev-parse', '--absolute-git-dir'], { signal })
  return { path, gitDir: stdout.trimEnd(), git }
}

export function held(reason: string, remedy: string, file?: string): Held {
  return { outcome: 'held', reason, remedy, ...(file === undefined ? {} : { file }) }
}

interface ListedWorkTree {
  readonly path: string
  readonly branch: string | null
}

async function listWorkTrees(
  repository: LocalRepository,
  signal: AbortSignal,
): Promise<readonly ListedWorkTree[]> {
  const { stdout } = await repository.git(['worktree', 'list', '--porcelain'], { signal })
  const blocks = stdout.split('\n\n').map((block) => {
    const lines = block.split('\n')
    const valueOf = (key: string): string | null =>
      lines.find((line) => line.startsWith(`${key} `))?.slice(key.length + 1) ?? null
    const isBare = lines.includes('bare')
    return { path: valueOf('worktree'), branch: isBare ? null : valueOf('branch') }
  })
  const [first, ...linked] = blocks.flatMap(({ path, branch }) =>
    path === null ? [] : [{ path, branch }],
  )
  if (first === undefined) return []
  return [{ ...first, path: await mainPath(repository, first.path, signal) }, ...linked]
}

// Git names the main work tree after the git directory, which is wrong where that lies elsewhere.
async function mainPath(
  { git, kind, commonDir }: LocalRepository,
  listed: string,
  signal: AbortSignal,
): Promise<string> {
  if (kind !== 'work-tree') return listed
  const options = ['--path-format=absolute', '--git-dir', '--show-toplevel']
  const { stdout } = await git(['rev-parse', ...options], { signal })
  const [gitDir, top = listed] = stdout.trimEnd().split('\n')
  return gitDir === commonDir ? top : listed
}

/** A rebase or bisect detaches HEAD, and moves the branch in the end all the same. */
async function operationOnBranch(commonDir: string, branch: string): Promise<Held | null> {
  const linked = await readdir(join(commonDir, 'worktrees')).catch(() => [])
  for (const gitDir of [commonDir, ...linked.map((name) => join(commonDir, 'worktrees', name))]) {
    for (const [file, name, command] of heads) {
      const text = await readFile(join(gitDir, file), 'utf8').catch(() => '')
      const found = text.trim().replace(/^refs\/heads\//u, '')
      if (found === branch) return underway(name, command, gitDir)
    }
  }
  return null
}

const heads = [
  ['rebase-merge/head-name', 'rebase', 'rebase'],
  ['rebase-apply/head-name', 'rebase', 'rebase'],
  ['BISECT_START', 'bisection', 'bisect'],
] as const

const operations = [
  ['MERGE_HEAD', 'merge', 'merge'],
  ['rebase-merge', 'rebase', 'rebase'],
  ['rebase-apply', 'rebase or a series of patches', 'rebase'],
  ['CHERRY_PICK_HEAD', 'cherry-pick', 'cherry-pick'],
  ['REVERT_HEAD', 'revert', 'revert'],
  ['sequencer', 'cherry-pick or revert', 'cherry-pick'],
  ['BISECT_LOG', 'bisection', 'bisect'],
] as const

async function operationIn({ path, gitDir }: WorkTree): Promise<Held | null> {
  for (const [file, name, command] of operations) {
    const found = await stat(join(gitDir, file)).catch(() => null)
    if (found !== null) return underway(name, command, path)
  }
  return null
}

function underway(name: string, command: string, place: string): Held {
  const stop = command === 'bisect' ? 'git bisect reset' : `git ${command} --abort`
  return held(`A ${name} is under way in "${place}"`, `Finish it, or run "${stop}"`)
}
