import { lstat, realpath } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { MagosError } from '../../domain/error.ts'
import type { Revision } from '../../domain/revision.ts'
import type { RunChild } from '../../host/process.ts'
import { branchRef } from './branch.ts'
import { createNativeGit, type NativeGit } from './native-git.ts'

/** A repository on this machine, bare or with work trees. */
export interface LocalRepository {
  readonly git: NativeGit
  /** As it was named. */
  readonly name: string
  readonly path: string
  /** What all work trees share: objects and refs. */
  readonly commonDir: string
  /** `path` is a work tree, a bare repository, or a `.git` directory. */
  readonly kind: 'work-tree' | 'bare' | 'git-directory'
}

/** Opens the repository that lies at `path` itself, not one around it. Throws `not-found` or `git`. */
export async function openLocalRepository(
  run: RunChild,
  name: string,
  signal: AbortSignal,
): Promise<LocalRepository> {
  const path = await realpath(name).catch((cause: unknown) => {
    throw new MagosError('not-found', `Open repository "${name}": there is no such directory`, {
      cause,
      remedy: 'Set MD_REPO to the path of a git repository',
    })
  })
  const native = createNativeGit(run, [path, ...(basename(path) === '.git' ? [dirname(path)] : [])])
  // Never a repository further up: that one was not named.
  const env = { GIT_CEILING_DIRECTORIES: dirname(path) }
  const git: NativeGit = (args, call) =>
    native(['-C', path, ...args], { ...call, env: { ...env, ...call.env } })
  const { stdout } = await git(
    ['rev-parse', '--is-bare-repository', '--path-format=absolute', '--git-common-dir'],
    { signal },
  ).catch((cause: unknown) => {
    throw notARepository(name, cause)
  })
  const [bare, commonDir = ''] = stdout.trimEnd().split('\n')
  return { git, name, path, commonDir, kind: await kindOf(path, bare === 'true') }
}

/** Short name of the branch that the repository itself points at. Throws `git` when it points at a bare commit. */
export async function defaultBranch(
  { git, name }: LocalRepository,
  signal: AbortSignal,
): Promise<string> {
  const { stdout } = await git(['symbolic-ref', '-q', 'HEAD'], { signal, accept: [0, 1] })
  const ref = stdout.trimEnd()
  if (ref.startsWith('refs/heads/')) return ref.slice('refs/heads/'.length)
  throw new MagosError('git', `Find the branch of "${name}": its HEAD is on no branch`, {
    remedy: 'Set MD_BRANCH, or check a branch out',
  })
}

/** Where the branch points; commit and tree are of one instant. Throws `not-found` or `git`. */
export async function branchHead(
  { git, name }: LocalRepository,
  branch: string,
  signal: AbortSignal,
): Promise<Revision> {
  const ref = branchRef(branch)
  const format = '%(refname) %(objectname) %(tree) %(symref)'
  const { stdout } = await git(['for-each-ref', `--format=${format}`, ref], { signal })
  const lines = stdout.split('\n').map((line) => line.split(' '))
  const [, commit, tree, symref] = lines.find(([found]) => found === ref) ?? []
  if (commit === undefined || tree === undefined || tree === '') {
    throw new MagosError('not-found', `Read branch "${branch}" of "${name}": there is none`, {
      remedy: 'Set MD_BRANCH to a branch that has a commit',
    })
  }
  if (symref !== undefined && symref !== '') {
    throw new MagosError('git', `Read branch "${branch}" of "${name}": it stands for "${symref}"`, {
      remedy: `Set MD_BRANCH to the branch itself`,
    })
  }
  return { commit, tree }
}

async function kindOf(path: string, bare: boolean): Promise<LocalRepository['kind']> {
  if (bare) return 'bare'
  const dotGit = await lstat(join(path, '.git')).catch(() => null)
  return dotGit === null ? 'git-directory' : 'work-tree'
}

function notARepository(name: string, cause: unknown): MagosError {
  if (cause instanceof MagosError && /not a git repository/u.test(cause.message)) {
    return new MagosError('not-found', `Open repository "${name}": it is not a git repository`, {
      cause,
      remedy: 'Set MD_REPO to the top directory of a git repository',
    })
  }
  if (cause instanceof MagosError) return cause
  return new MagosError('git', `Open repository "${name}": failed`, { cause })
}
