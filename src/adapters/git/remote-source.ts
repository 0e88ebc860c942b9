import { createHash } from 'node:crypto'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ServerRef } from 'isomorphic-git'
import { MagosError } from '../../domain/error.ts'
import { LOOK_BACK, type Revision, type TreeEntry } from '../../domain/revision.ts'
import type { Http } from '../../host/http.ts'
import type { Ancestry, Log } from '../../ports.ts'
import { branchRef } from './branch.ts'
import { isAbbreviation } from './object-id.ts'
import { createGitTransport, type GitToken, type GitTransport, plainUrl } from './git-transport.ts'
import { interruptedIfAborted } from './interruption.ts'
import type { NamedSource } from './local-source.ts'
import { memoized } from './memoized.ts'
import { cloneStore, newestStore, type ObjectStore, type StoreContext } from './object-store.ts'
import { walkBack } from './walk-back.ts'

export interface RemoteSourceOptions {
  /** https address of the repository, without credentials. */
  readonly url: string
  /** null: the branch that the remote's HEAD names when it is first asked. */
  readonly branch: string | null
  /** Where clones lie; a folder below it is named after a hash of address and branch. */
  readonly directory: string
  readonly token: GitToken | null
  readonly http: Pick<Http, 'request'>
  readonly log: Log
  /** Packs after which a fresh clone is cheaper than to read them all; default 50. */
  readonly maxPacks?: number
}

/** Reads a repository over git's smart HTTP by isomorphic-git: transport and objects only, nothing is checked out. */
export function createRemoteSource(options: RemoteSourceOptions): NamedSource & Ancestry {
  const url = parseAddress(options.url)
  const name = plainUrl(url)
  const transport = createGitTransport({ ...options, url })
  const load = memoized(async () => await import('isomorphic-git'))
  const remoteBranch = memoized(async (signal) => {
    const refs = await listRefs(await load(signal), transport, name, signal)
    return defaultBranch(refs, name)
  })
  const branchName = async (signal: AbortSignal): Promise<string> =>
    options.branch ?? (await remoteBranch(signal))
  const clones = createClones(options, name, transport, load)
  let last: Promise<unknown> = Promise.resolve()
  const head = async (signal: AbortSignal): Promise<Revision> => {
    interruptedIfAborted(signal, `Read "${name}"`)
    const ref = branchRef(await branchName(signal))
    const refs = await listRefs(await load(signal), transport, name, signal)
    const found = refs.find((one) => one.ref === ref)
    if (found === undefined) throw noBranch(name, ref)
    return await clones.bring(found.oid, ref, signal)
  }
  // One after the other: two fetches into one store would bring the same pack twice.
  const inTurn = <Answer>(signal: AbortSignal, act: () => Promise<Answer>): Promise<Answer> => {
    const next = last.then(() => translated(name, signal, act))
    last = next.catch(() => undefined)
    return next
  }
  const lookBack = <Answer>(
    signal: AbortSignal,
    look: (store: ObjectStore) => Promise<Answer | null>,
  ): Promise<Answer | null> =>
    inTurn(signal, async () => {
      interruptedIfAborted(signal, `Read "${name}"`)
      return await clones.lookBack(branchRef(await branchName(signal)), signal, look)
    })
  return {
    branchName,
    head: (signal) => inTurn(signal, () => head(signal)),
    revision(id, signal) {
      return lookBack(signal, async (store) => {
        const commit = isAbbreviation(id) ? await store.expand(id) : null
        return commit === null ? null : await store.revision(commit)
      })
    },
    async between(from, to, signal) {
      const found = await lookBack(signal, (store) =>
        walkBack((oid) => store.commit(oid), from, to.commit),
      )
      return found === 'unrelated' ? null : found
    },
    async recall(commit, signal) {
      interruptedIfAborted(signal, `Read "${name}"`)
      return await clones.recall(commit, signal)
    },
    async tree(revision, signal) {
      interruptedIfAborted(signal, `Read "${name}"`)
      return await clones.read(`commit ${revision.commit}`, signal, (store) => store.tree(revision))
    },
    async read(entry, signal) {
      interruptedIfAborted(signal, `Read "${entry.path}"`)
      return await clones.read(describe(entry), signal, (store) => store.blob(entry.oid))
    },
  }
}

type Git = StoreContext['git']

/** The clones that are in use: the newest, and the one before it for revisions that were handed out from it. */
function createClones(
  { url, directory, maxPacks = 50, log }: RemoteSourceOptions,
  name: string,
  transport: GitTransport,
  load: (signal: AbortSignal) => Promise<Git>,
) {
  let stores: readonly ObjectStore[] | null = null
  let earlier: readonly ObjectStore[] | null = null
  let isBroken = false
  const contextFor = async (ref: string, signal: AbortSignal): Promise<StoreContext> => {
    const key = createHash('sha256').update(`${url}\n${ref}`).digest('hex').slice(0, 32)
    return { git: await load(signal), url, directory: join(directory, key) }
  }
  const clone = async (context: StoreContext, ref: string, signal: AbortSignal) => {
    const { store, commit } = await cloneStore(context, transport(signal), ref)
    const [previous, ...older] = stores ?? []
    stores = previous === undefined ? [store] : [store, previous]
    isBroken = false
    for (const { path } of older) await rm(path, { recursive: true, force: true })
    log.info({ commit }, `Cloned ${name}`)
    return commit === null ? null : await store.revision(commit)
  }
  return {
    async bring(commit: string, ref: string, signal: AbortSignal): Promise<Revision> {
      const context = await contextFor(ref, signal)
      stores ??= [await newestStore(context)].filter((one) => one !== null)
      const [store] = stores
      if (store !== undefined && !isBroken) {
        try {
          const known = await store.revision(commit)
          if (known !== null) return known
          if ((await store.packs()) < maxPacks) {
            const fetched = await store.fetch(transport(signal), ref)
            const brought = fetched === null ? null : await store.revision(fetched)
            if (brought !== null) return brought
          }
        } catch (thrown) {
          if (thrown instanceof MagosError || signal.aborted) throw thrown
          log.warn({ reason: messageOf(thrown) }, `Clone of ${name} is broken: cloning anew`)
        }
      }
      const cloned = await clone(context, ref, signal)
      if (cloned === null) throw noBranch(name, ref)
      return cloned
    },
    /** Tries what is here, and once more with as much of the history as anybody looks at where that is not enough. */
    async lookBack<Answer>(
      ref: string,
      signal: AbortSignal,
      look: (store: ObjectStore) => Promise<Answer | null>,
    ): Promise<Answer | null> {
      stores ??= [await newestStore(await contextFor(ref, signal))].filter((one) => one !== null)
      const [store] = stores
      const found = store === undefined ? null : await look(store)
      if (store === undefined || found !== null || !(await store.isShallow())) return found
      await store.deepen(transport(signal), ref, LOOK_BACK)
      return await look(store)
    },
    /** The name of the branch may be known to the remote alone, so clones of every branch are looked at. */
    async recall(commit: string, signal: AbortSignal): Promise<Revision | null> {
      const git = await load(signal)
      earlier ??= await everyStore({ git, url, directory })
      for (const store of [...(stores ?? []), ...earlier]) {
        const known = await store.revision(commit).catch(() => null)
        if (known !== null) return known
      }
      return null
    },
    async read<Answer>(
      what: string,
      signal: AbortSignal,
      from: (store: ObjectStore) => Promise<Answer>,
    ): Promise<Answer> {
      const { Errors } = await load(signal)
      let cause: unknown
      for (const store of [...(stores ?? []), ...(earlier ?? [])]) {
        try {
          return await from(store)
        } catch (thrown) {
          // Not here is no harm; anything else says that what is here cannot be read.
          if (!(thrown instanceof Errors.NotFoundError)) isBroken = true
          cause ??= thrown
        }
      }
      throw new MagosError('git', `Read ${what} of "${name}": it is not in the clone`, {
        ...(cause === undefined ? {} : { cause }),
        remedy: 'Read the branch again',
      })
    },
  }
}

/** What earlier processes cloned, of whatever branch. */
async function everyStore(context: StoreContext): Promise<readonly ObjectStore[]> {
  const names = await readdir(context.directory).catch(() => [])
  const found = await Promise.all(
    names
      .filter(isCloneName)
      .map((name) => newestStore({ ...context, directory: join(context.directory, name) })),
  )
  return found.filter((store) => store !== null)
}

function isCloneName(name: string): boolean {
  return /^[0-9a-f]{32}$/u.test(name)
}

async function listRefs(
  git: Git,
  transport: GitTransport,
  name: string,
  signal: AbortSignal,
): Promise<readonly ServerRef[]> {
  return await translated(
    name,
    signal,
    // Version 1 answers in one request.
    async () =>
      await git.listServerRefs({
        http: transport(signal),
        url: name,
        protocolVersion: 1,
        symrefs: true,
      }),
  )
}

function defaultBranch(refs: readonly ServerRef[], name: string): string {
  const target = refs.find((one) => one.ref === 'HEAD')?.target
  if (target?.startsWith('refs/heads/') === true) return target.slice('refs/heads/'.length)
  throw new MagosError('not-found', `Find the default branch of "${name}": its HEAD names none`, {
    remedy: 'Push a first commit, or set MD_BRANCH',
  })
}

function parseAddress(text: string): URL {
  const url = URL.parse(text)
  if (url !== null && /^https?:$/u.test(url.protocol)) return url
  throw new MagosError('configuration', 'Read the repository: its address is no http(s) URL')
}

/** Whatever git threw, as the one error class. */
async function translated<Answer>(
  name: string,
  signal: AbortSignal,
  act: () => Promise<Answer>,
): Promise<Answer> {
  try {
    return await act()
  } catch (thrown) {
    interruptedIfAborted(signal, `Fetch from "${name}"`)
    if (thrown instanceof MagosError) throw thrown
    throw new MagosError('git', `Fetch from "${name}": ${messageOf(thrown)}`, { cause: thrown })
  }
}

function noBranch(name: string, ref: string): MagosError {
  const branch = ref.replace(/^refs\/heads\//u, '')
  return new MagosError('not-found', `Read branch "${branch}" of "${name}": there is none`, {
    remedy: 'Set MD_BRANCH to a branch that has a commit',
  })
}

function describe({ path, oid, mode }: TreeEntry): string {
  const kind = mode === '160000' ? 'the submodule ' : ''
  return `${kind}"${path}" (${oid.slice(0, 12)})`
}

function messageOf(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message : String(thrown)
  return text.split('\n', 1)[0]?.slice(0, 300) ?? ''
}
