import { randomBytes } from 'node:crypto'
import { promises, type Dirent } from 'node:fs'
import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type * as IsomorphicGit from 'isomorphic-git'
import type { HttpClient } from 'isomorphic-git'
import type { Commit, Revision, TreeEntry } from '../../domain/revision.ts'
import { ensurePrivateDirectory, writeFileSafely } from '../../host/files.ts'
import { fileMode } from './tree-listing.ts'

/** One bare clone of one branch. */
export interface ObjectStore {
  readonly path: string
  /** The commit with its root tree; null when it is not here. */
  revision(commit: string): Promise<Revision | null>
  tree(revision: Revision): Promise<readonly TreeEntry[]>
  blob(oid: string): Promise<Uint8Array>
  /** Brings the branch's newest commit here, beyond what is here already; returns its id, null where there is none. */
  fetch(http: HttpClient, ref: string): Promise<string | null>
  packs(): Promise<number>
  /** The whole id of the one commit that begins so; null where none does, or several. */
  expand(prefix: string): Promise<string | null>
  /** null when it is not here. */
  commit(oid: string): Promise<DatedCommit | null>
  /** Whether commits have parents that are not here. */
  isShallow(): Promise<boolean>
  /** Brings the last commits of the branch here, so many. */
  deepen(http: HttpClient, ref: string, depth: number): Promise<void>
}

export interface DatedCommit extends Commit {
  /** s since the epoch, as whoever committed it says. */
  readonly time: number
}

export interface StoreContext {
  readonly git: typeof IsomorphicGit
  readonly url: string
  /** Where the clones of this branch lie. */
  readonly directory: string
}

const fs = { promises }
const marker = 'complete'

/** The newest whole clone; null when there is none. What else lies there and is not touched any more is removed. */
export async function newestStore(context: StoreContext): Promise<ObjectStore | null> {
  await ensurePrivateDirectory(context.directory)
  const found: Dirent[] = await readdir(context.directory, { withFileTypes: true })
  const clones = await Promise.all(
    found.map(async ({ name }) => {
      const path = join(context.directory, name)
      const completed = await stat(join(path, marker)).catch(() => null)
      const { mtimeMs } = await stat(path)
      return { path, at: completed?.mtimeMs ?? null, mtimeMs }
    }),
  )
  const [newest] = clones
    .filter((clone) => clone.at !== null)
    .toSorted((one, other) => (other.at ?? 0) - (one.at ?? 0))
  for (const { path, mtimeMs } of clones) {
    // Another process may be reading or making one right now.
    const isOld = Date.now() - mtimeMs > 3_600_000
    if (path !== newest?.path && isOld) await rm(path, { recursive: true, force: true })
  }
  return newest === undefined ? null : openStore(context, newest.path)
}

/** A new clone of depth 1 with no work tree: https://git-scm.com/docs/shallow. It counts once it is whole. */
export async function cloneStore(
  context: StoreContext,
  http: HttpClient,
  ref: string,
): Promise<{ readonly store: ObjectStore; readonly commit: string | null }> {
  const { git, url, directory } = context
  await ensurePrivateDirectory(directory)
  const gitdir = join(directory, `${randomBytes(8).toString('hex')}.git`)
  try {
    await git.init({ fs, gitdir, bare: true })
    await git.addRemote({ fs, gitdir, remote, url })
    const fetched = await fetchInto(context, gitdir, http, ref, { depth: 1 })
    await writeFileSafely(join(gitdir, marker), '', 0o600)
    return { store: openStore(context, gitdir), commit: fetched }
  } catch (thrown) {
    await rm(gitdir, { recursive: true, force: true })
    throw thrown
  }
}

const remote = 'origin'

function openStore(context: StoreContext, gitdir: string): ObjectStore {
  const { git } = context
  // Parsed pack indexes; new packs are found beside them.
  let cache = {}
  const list = async (oid: string, under: string, entries: TreeEntry[]): Promise<void> => {
    const { tree } = await git.readTree({ fs, gitdir, cache, oid })
    for (const entry of tree) {
      const path = `${under}${entry.path}`
      if (entry.type === 'tree') await list(entry.oid, `${path}/`, entries)
      else entries.push({ path, mode: fileMode(entry.mode), oid: entry.oid })
    }
  }
  const unlessAbsent = async <Answer>(read: () => Promise<Answer>): Promise<Answer | null> => {
    try {
      return await read()
    } catch (thrown) {
      if (thrown instanceof git.Errors.NotFoundError) return null
      throw thrown
    }
  }
  return {
    path: gitdir,
    revision: (oid) =>
      unlessAbsent(async () => {
        const { commit } = await git.readCommit({ fs, gitdir, cache, oid })
        await git.readTree({ fs, gitdir, cache, oid: commit.tree })
        return { commit: oid, tree: commit.tree }
      }),
    commit: (oid) =>
      unlessAbsent(async () => {
        const { commit } = await git.readCommit({ fs, gitdir, cache, oid })
        const { tree, parent: parents, message, committer } = commit
        return { revision: { commit: oid, tree }, parents, message, time: committer.timestamp }
      }),
    async expand(prefix) {
      try {
        const oid = await git.expandOid({ fs, gitdir, cache, oid: prefix })
        await git.readCommit({ fs, gitdir, cache, oid })
        return oid
      } catch (thrown) {
        const { NotFoundError, AmbiguousError, ObjectTypeError } = git.Errors
        const none = [NotFoundError, AmbiguousError, ObjectTypeError]
        if (none.some((kind) => thrown instanceof kind)) return null
        throw thrown
      }
    },
    async isShallow() {
      return (await stat(join(gitdir, 'shallow')).catch(() => null)) !== null
    },
    async deepen(http, ref, depth) {
      cache = {}
      await fetchInto(context, gitdir, http, ref, { depth })
    },
    async tree(revision) {
      const entries: TreeEntry[] = []
      await list(revision.tree, '', entries)
      return entries
    },
    async blob(oid) {
      return (await git.readBlob({ fs, gitdir, cache, oid })).blob
    },
    async fetch(http, ref) {
      cache = {}
      return await fetchInto(context, gitdir, http, ref, {})
    },
    async packs() {
      const names = await readdir(join(gitdir, 'objects/pack'))
      return names.filter((name) => name.endsWith('.pack')).length
    },
  }
}

async function fetchInto(
  { git, url }: StoreContext,
  gitdir: string,
  http: HttpClient,
  ref: string,
  depth: { readonly depth?: number },
): Promise<string | null> {
  const { fetchHead } = await git.fetch({
    fs,
    http,
    gitdir,
    url,
    remote,
    // What we have, told to the server; without it a shallow store would be sent the whole history.
    ref: ref.replace(/^refs\/heads\//u, `refs/remotes/${remote}/`),
    remoteRef: ref,
    singleBranch: true,
    tags: false,
    // Never on a later fetch: a shallow one re-sends the whole tree, for no thin packs are asked for.
    ...depth,
  })
  return fetchHead
}
