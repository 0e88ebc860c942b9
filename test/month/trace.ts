import { parseImageReference } from '../../src/domain/image-reference.ts'
import { toldUpdates, type ToldUpdate } from './ledger.ts'
import type { Month } from './month.ts'

/**
 * Updates on the branch that cannot be followed to what became of them: from the commit's message to the deployment in
 * this host's history, and to what GitHub shows of it. One that was overtaken before the host came by has no deployment.
 */
export async function untraced(month: Month): Promise<readonly string[]> {
  const { repository, ledger } = month
  const { git } = repository.record
  const found: string[] = []
  const chain = await firstParents(month)
  for (const [index, commit] of chain.entries()) {
    const kind = await ledger.kindOf(commit)
    // What is taken back runs on the host since it failed.
    if (kind === 'person' || kind === 'revert') continue
    const [before = ''] = (await git.readCommit(commit)).parents
    const merged = repository.record.pulls.find((pull) => pull.merged?.sha === commit)
    const { message } = await git.readCommit(merged?.headSha ?? commit)
    for (const update of toldUpdates(message)) {
      const since = chain.slice(index)
      const wasThere = (await ledger.filesAt(before)).has(update.file)
      const fault = wasThere ? await traceFault(month, { chain, since }, update) : null
      if (fault !== null) found.push(`${commit} ${update.file} ${update.to}: ${fault}`)
    }
  }
  return found
}

async function firstParents({ repository }: Month): Promise<readonly string[]> {
  const { git } = repository.record
  const chain: string[] = []
  let commit: string | undefined = (await repository.head()).commit
  while (commit !== undefined) {
    chain.unshift(commit)
    commit = (await git.readCommit(commit)).parents[0]
  }
  return chain
}

interface Branch {
  readonly chain: readonly string[]
  /** From the update on. */
  readonly since: readonly string[]
}

async function traceFault(
  { process, repository, ledger }: Month,
  { chain, since }: Branch,
  { file, to, services }: ToldUpdate,
): Promise<string | null> {
  const { statuses, deployments } = repository.record
  const stack = file.slice(0, file.lastIndexOf('/'))
  const toldOf = (commit: string, context: string): boolean =>
    statuses.some(({ sha, context: told, state }) => {
      return sha === commit && told === context && state !== 'pending'
    })
  const reached = since.findIndex((commit) => toldOf(commit, 'magos/nas'))
  if (reached === -1) return 'GitHub shows no commit since at which the host arrived'
  const passed = new Set(since.slice(0, reached + 1))
  const { digest } = parseImageReference(to)
  const ever = process.store.history
    .deployments(100_000)
    .filter((one) => one.stack === stack)
    .filter(({ cause }) => {
      const changed = cause?.services.filter((one) => digest !== null && one.to?.includes(digest))
      return services.every((service) => changed?.some(({ name }) => name === service))
    })
  // What a force push took off the branch and Magos made again was deployed before, and runs.
  const here = ever.filter(({ commit }) => passed.has(commit))
  const begun = here.length > 0 ? here : ever.filter(({ commit }) => !chain.includes(commit))
  if (begun.length === 0) {
    const arrived = await ledger.filesAt(since[reached] ?? '')
    return arrived.get(file)?.includes(to) === true ? 'the history has no deployment of it' : null
  }
  const known = begun.filter(({ outcome }) => outcome !== null && outcome !== 'interrupted')
  if (known.length === 0) return 'its deployment has no outcome'
  // Of what a dead process did GitHub knows what the next one found, at the commit to which it came.
  const told = known.filter(({ commit }) => toldOf(commit, 'magos/nas'))
  const untold = told.find(
    ({ commit }) =>
      !toldOf(commit, `magos/nas/${stack}`) ||
      !deployments.some(
        ({ sha, fields, statuses: all }) =>
          sha === commit && fields['environment'] === `nas/${stack}` && all.length > 0,
      ),
  )
  return untold === undefined ? null : `GitHub shows no deployment of ${untold.commit}`
}
