import type { ServerRef } from 'isomorphic-git'
import { MagosError } from '../../domain/error.ts'
import type { Revision, TreeEntry } from '../../domain/revision.ts'
import type { Http } from '../../host/http.ts'
import type { Ancestry } from '../../ports.ts'
import { branchRef } from './branch.ts'
import { createClones, noBranch, type ClonesOptions } from './clones.ts'
import { firstLine } from './first-line.ts'
import { isAbbreviation } from './object-id.ts'
import { createGitTransport, type GitToken, type GitTransport, plainUrl } from './git-transport.ts'
import { interruptedIfAborted } from './interruption.ts'
import type { NamedSource } from './local-source.ts'
import { memoized } from './memoized.ts'
import type { ObjectStore, StoreContext } from './object-store.ts'
import { walkBack } from './walk-back.ts'

export interface RemoteSourceOptions extends ClonesOptions {
  /** null: the branch that the remote's HEAD names when it is first asked. */
  readonly branch: string | null
  readonly token: GitToken | null
  readonly http: Pick<Http, 'request'>
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

async function listRefs(
  git: StoreContext['git'],
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
    throw new MagosError('git', `Fetch from "${name}": ${firstLine(thrown)}`, { cause: thrown })
  }
}

function describe({ path, oid, mode }: TreeEntry): string {
  const kind = mode === '160000' ? 'the submodule ' : ''
  return `${kind}"${path}" (${oid.slice(0, 12)})`
}
