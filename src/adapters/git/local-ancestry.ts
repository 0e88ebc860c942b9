import { LOOK_BACK, type Commit, type Revision } from '../../domain/revision.ts'
import { interruptedIfAborted } from './interruption.ts'
import type { LocalRepository } from './local-repository.ts'
import { isAbbreviation } from './object-id.ts'

/** The commit whose id is this or begins so; null where none does, or several. */
export async function findRevision(
  { git, name }: LocalRepository,
  id: string,
  signal: AbortSignal,
): Promise<Revision | null> {
  interruptedIfAborted(signal, `Read "${name}"`)
  if (!isAbbreviation(id)) return null
  const commit = await git(
    ['rev-parse', '--verify', '--quiet', '--end-of-options', `${id}^{commit}`],
    { signal, accept: [0, 1, 128] },
  )
  if (commit.exitCode !== 0) return null
  const oid = commit.stdout.trimEnd()
  const tree = await git(['rev-parse', '--verify', '--end-of-options', `${oid}^{tree}`], { signal })
  return { commit: oid, tree: tree.stdout.trimEnd() }
}

/** Commits in the history of `to` and not in that of `from`, newest first; null where `from` is not in it. */
export async function commitsBetween(
  { git, name }: LocalRepository,
  from: string,
  to: Revision,
  signal: AbortSignal,
): Promise<readonly Commit[] | null> {
  interruptedIfAborted(signal, `Read "${name}"`)
  if (!isAbbreviation(from)) return null
  const { exitCode } = await git(['merge-base', '--is-ancestor', from, to.commit], {
    signal,
    accept: [0, 1, 128],
  })
  if (exitCode !== 0) return null
  const format = ['--format=%H%n%T%n%P%n%B', '-z', '--encoding=UTF-8', '--no-show-signature']
  const { stdout } = await git(
    ['log', ...format, `--max-count=${LOOK_BACK}`, '--end-of-options', to.commit, `^${from}`],
    { signal, maxOutput: 64 << 20 },
  )
  return stdout
    .split('\0')
    .filter((record) => record !== '')
    .map(parseRecord)
}

function parseRecord(record: string): Commit {
  const [commit = '', tree = '', parents = '', ...message] = record.split('\n')
  return {
    revision: { commit, tree },
    parents: parents.split(' ').filter((parent) => parent !== ''),
    message: message.join('\n'),
  }
}
