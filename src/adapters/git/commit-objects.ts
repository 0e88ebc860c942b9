import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CommitFile } from '../../ports.ts'
import type { LocalRepository } from './local-repository.ts'

export interface Identity {
  readonly name: string
  readonly email: string
}

/** A file of a commit as git holds it. */
export interface StoredFile {
  readonly path: string
  readonly mode: string
  readonly oid: string
}

/** Writes the files' contents as blobs; an object that nothing points at is harmless. */
export async function storeFiles(
  { git }: LocalRepository,
  files: readonly CommitFile[],
  signal: AbortSignal,
): Promise<readonly StoredFile[]> {
  const stored: StoredFile[] = []
  for (const { path, mode, content } of files) {
    // Bytes as they are: attributes and filters of the work tree have no say.
    const { stdout } = await git(['hash-object', '-w', '--stdin', '--no-filters'], {
      signal,
      input: Buffer.from(content, 'utf8'),
    })
    stored.push({ path, mode, oid: stdout.trimEnd() })
  }
  return stored
}

/** Writes the tree that differs from `tree` in these files alone; nobody's index is touched. */
export async function storeTree(
  { git }: LocalRepository,
  tree: string,
  files: readonly StoredFile[],
  signal: AbortSignal,
): Promise<string> {
  const scratch = await mkdtemp(join(tmpdir(), 'magos-index-'))
  const env = { GIT_INDEX_FILE: join(scratch, 'index') }
  try {
    await git(['read-tree', '--end-of-options', tree], { signal, env })
    await git(['update-index', '-z', '--index-info'], { signal, env, input: indexInfo(files) })
    const { stdout } = await git(['write-tree'], { signal, env })
    return stdout.trimEnd()
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

export async function storeCommit(
  { git }: LocalRepository,
  commit: { readonly tree: string; readonly parent: string; readonly message: string },
  identity: Identity,
  signal: AbortSignal,
): Promise<string> {
  const { stdout } = await git(['commit-tree', '-p', commit.parent, '-F', '-', commit.tree], {
    signal,
    input: Buffer.from(commit.message, 'utf8'),
    env: {
      GIT_AUTHOR_NAME: identity.name,
      GIT_AUTHOR_EMAIL: identity.email,
      GIT_COMMITTER_NAME: identity.name,
      GIT_COMMITTER_EMAIL: identity.email,
    },
  })
  return stdout.trimEnd()
}

/** What `git update-index -z --index-info` reads; mode 0 takes a path out. */
export function indexInfo(files: readonly StoredFile[]): Uint8Array {
  return Buffer.from(files.map(({ path, mode, oid }) => `${mode} ${oid}\t${path}\0`).join(''))
}
