import { createHash } from 'node:crypto'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { MagosError } from '../../domain/error.ts'
import { LOOK_BACK, type Revision } from '../../domain/revision.ts'
import type { Log } from '../../ports.ts'
import { firstLine } from './first-line.ts'
import type { GitTransport } from './git-transport.ts'
import { cloneStore, newestStore, type ObjectStore, type StoreContext } from './object-store.ts'

export interface ClonesOptions {
  /** https address of the repository, without credentials. */
  readonly url: string
  /** Where clones lie; a folder below it is named after a hash of address and branch. */
  readonly directory: string
  readonly log: Log
  /** Packs after which a fresh clone is cheaper than to read them all; default 50. */
  readonly maxPacks?: number
}

/** The clones that are in use: the newest, and the one before it for revisions that were handed out from it. */
export function createClones(
  { url, directory, maxPacks = 50, log }: ClonesOptions,
  name: string,
  transport: GitTransport,
  load: (signal: AbortSignal) => Promise<StoreContext['git']>,
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
          log.warn({ reason: firstLine(thrown) }, `Clone of ${name} is broken: cloning anew`)
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

export function noBranch(name: string, ref: string): MagosError {
  const branch = ref.replace(/^refs\/heads\//u, '')
  return new MagosError('not-found', `Read branch "${branch}" of "${name}": there is none`, {
    remedy: 'Set MD_BRANCH to a branch that has a commit',
  })
}
