import { createHash } from 'node:crypto'
import { parseQuarantine } from '../../src/domain/quarantine/parse.ts'
import { createGit, type Git } from '../lab/github/git-command.ts'
import { readChanges } from '../../src/domain/change.ts'
import { IMAGES, MOVING, OWNER } from './homelab-files.ts'
import { QUARANTINE, toldUpdates } from './ledger.ts'
import type { Month } from './month.ts'
import { untraced } from './trace.ts'

/** All that is wrong with what a month left behind; nothing, if all is well. */
export async function examine(month: Month): Promise<readonly string[]> {
  const git = createGit(month.repository.gitDir)
  return [
    ...(await unsound(git)),
    ...(await unplanned(month, git)),
    ...proposedAgain(month, await pullMessages(month)),
    ...(await leftBehind(month)),
    ...(await untraced(month)),
  ]
}

async function unsound(git: Git): Promise<readonly string[]> {
  const told = await git.attempt(['fsck', '--full', '--strict', '--no-dangling'])
  return told === null
    ? ['git fsck found something']
    : told.split('\n').filter((line) => line !== '')
}

interface RawChange {
  readonly modes: string
  /** Object id; zeros for one that is gone. */
  readonly id: string
  readonly path: string
}

/** Every commit that any branch ever had, against what it has to hold. */
async function unplanned({ ledger, repository }: Month, git: Git): Promise<readonly string[]> {
  const found: string[] = []
  const told = new Map<string, string>()
  // What a person's force push took off the branch is made again, and nothing else is.
  const left = await takenOff(git, repository.branch)
  for (const [commit, changes] of await rawHistory(git)) {
    const { parents, message } = await repository.record.git.readCommit(commit)
    const [parent] = parents
    const [before, after, kind] = await Promise.all([
      parent === undefined ? new Map<string, string>() : ledger.filesAt(parent),
      ledger.filesAt(commit),
      ledger.kindOf(commit),
    ])
    const planned = [...new Set([...before.keys(), ...after.keys()])].filter(
      (path) => before.get(path) !== after.get(path),
    )
    const actual = changes.map(({ path }) => path)
    if (planned.toSorted().join() !== actual.toSorted().join()) {
      found.push(`${kind} ${commit} changed ${actual.join()}, planned were ${planned.join()}`)
    }
    for (const { path, id, modes } of changes) {
      const text = after.get(path)
      if (text !== undefined && blobId(text) !== id)
        found.push(`${kind} ${commit}: bytes of ${path}`)
      if (
        kind !== 'person' &&
        text !== undefined &&
        modes !== '100644 100644' &&
        // A person's own file comes along.
        !(kind === 'merge' && modes === '000000 100644') &&
        path !== QUARANTINE
      ) {
        found.push(`${kind} ${commit}: modes of ${path}: ${modes}`)
      }
    }
    if (kind === 'person' || kind === 'merge') continue
    found.push(...trailerFaults(commit, message))
    if (actual.length === 0) found.push(`${kind} ${commit} is empty`)
    if (kind !== 'update') continue
    const key = `${parent} ${toldUpdates(message)
      .map(({ file, line, to }) => `${file}:${line} ${to}`)
      .join()}`
    const twin = told.get(key)
    if (twin !== undefined && left.has(twin)) left.delete(twin)
    else if (twin !== undefined) found.push(`${commit} says what ${twin} says`)
    told.set(key, commit)
  }
  return found
}

/** Commits that were the branch's newest and are not in its history. */
async function takenOff(git: Git, branch: string): Promise<Set<string>> {
  const were = await git.run(['reflog', 'show', '--format=%H', branch])
  const stay = new Set((await git.run(['rev-list', branch])).split('\n'))
  return new Set(were.split('\n').filter((commit) => commit !== '' && !stay.has(commit)))
}

/** What programs read is what people read. */
function trailerFaults(commit: string, message: string): readonly string[] {
  const people = toldUpdates(message).map(({ from, to }) => `${from} ${to}`)
  const programs = readChanges(message).map(({ image, from, to }) => {
    return `${referenceOf(image, from)} ${referenceOf(image, to)}`
  })
  return people.join() === programs.join() && people.length > 0
    ? []
    : [`${commit} tells people ${people.join()} and programs ${programs.join()}`]
}

function referenceOf(image: string, version: string): string {
  return `${image}${version.startsWith('@') ? '' : ':'}${version}`
}

async function rawHistory(git: Git): Promise<ReadonlyMap<string, readonly RawChange[]>> {
  const args = [
    'log',
    '--all',
    '--reflog',
    '-m',
    '--first-parent',
    '--root',
    '--topo-order',
    '--reverse',
  ]
  const text = await git.run([
    ...args,
    '--raw',
    '--no-renames',
    '--no-abbrev',
    '--format=commit %H',
  ])
  const history = new Map<string, RawChange[]>()
  let changes: RawChange[] = []
  for (const line of text.split('\n')) {
    const [, commit] = /^commit ([0-9a-f]{40})$/u.exec(line) ?? []
    if (commit !== undefined) history.set(commit, (changes = []))
    const [, modes = '', id = '', path] =
      /^:(\d{6} \d{6}) [0-9a-f]{40} ([0-9a-f]{40}) \w\t(.+)$/u.exec(line) ?? []
    if (path !== undefined) changes.push({ modes, id, path })
  }
  return history
}

function blobId(text: string): string {
  const bytes = Buffer.from(text)
  return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex')
}

async function pullMessages({ repository }: Month): Promise<ReadonlyMap<number, string>> {
  const { pulls, git } = repository.record
  const ours = pulls.filter(({ user }) => user.type === 'Bot')
  const read = ours.map(async ({ number, headSha }) => {
    return [number, (await git.readCommit(headSha)).message] as const
  })
  return new Map(await Promise.all(read))
}

/** Versions that a person had said no to, and that were proposed or merged by Magos later. */
function proposedAgain(
  { repository, declined }: Month,
  messages: ReadonlyMap<number, string>,
): readonly string[] {
  return declined.flatMap((number) => {
    const refused = readChanges(messages.get(number) ?? '')
    const later = [...messages].filter(([other]) => other > number)
    return later.flatMap(([other, message]) =>
      readChanges(message)
        .filter(({ image, to }) => refused.some((one) => one.image === image && one.to === to))
        .map(
          ({ image, to }) =>
            `#${other} of ${repository.name} proposes ${image} ${to}, declined in #${number}`,
        ),
    )
  })
}

/** Lines that do not stand where their policies want them, and are nobody's to decide. */
async function leftBehind({ ledger, repository, pushed }: Month): Promise<readonly string[]> {
  const files = await ledger.filesAt((await repository.head()).commit)
  const listed = parseQuarantine(QUARANTINE, files.get(QUARANTINE) ?? '').entries
  const bad = new Set<string>(listed.flatMap(({ digest }) => digest ?? []))
  const found: string[] = []
  for (const name of [...IMAGES, MOVING]) {
    const versions = [...(pushed.get(name) ?? [])].filter(([, one]) => !bad.has(one))
    const [tag, newest] = versions.at(-1) ?? []
    const wanted = `${OWNER}/${name}:${tag}@${newest}`
    for (const [path, text] of files) {
      for (const line of text.split('\n')) {
        const isOurs = line.includes(`${OWNER}/${name}:`) && line.includes('"magos"')
        if (isOurs && !line.includes(wanted) && !line.includes('"pr"')) {
          found.push(`${path} stands at ${line.trim()} instead of ${wanted}`)
        }
      }
    }
  }
  return found
}
