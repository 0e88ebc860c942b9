import type { LabRepository } from '../lab/github/lab.ts'
import type { CommitObject } from '../lab/github/git-objects.ts'
import type { Files } from './homelab-files.ts'

/** What somebody did to some files; null removes one. */
export type Edit = ReadonlyMap<string, string | null>

/** One line's update, as the body of a commit tells it to people. */
export interface ToldUpdate {
  readonly file: string
  /** From 1. */
  readonly line: number
  readonly services: readonly string[]
  readonly from: string
  readonly to: string
}

/**
 * What the files have to hold at every commit: what people meant, and of Magos what its messages say, letter by letter.
 * It knows nothing of YAML, and asks git for messages and parents alone.
 */
export interface Ledger {
  /** A person made this commit so. */
  note(commit: string, edit: Edit): void
  filesAt(commit: string): Promise<Files>
  kindOf(commit: string): Promise<'person' | 'update' | 'revert' | 'merge' | 'squash'>
}

export const QUARANTINE = '.magos/quarantine.yaml'

export function createLedger(repository: LabRepository): Ledger {
  const { git, pulls } = repository.record
  const edits = new Map<string, Edit>()
  const known = new Map<string, Files>()

  const filesAt = async (id: string): Promise<Files> => {
    const there = known.get(id)
    if (there !== undefined) return there
    const commit = await git.readCommit(id)
    const [parent] = commit.parents
    const before: Files = parent === undefined ? new Map() : await filesAt(parent)
    const files = await after(commit, before)
    known.set(id, files)
    return files
  }
  const kindOf = async (id: string) => kind(await git.readCommit(id))
  const kind = ({ sha, parents, message }: CommitObject) => {
    if (edits.has(sha)) return 'person'
    if (parents.length > 1) return 'merge'
    if (pulls.some(({ merged }) => merged?.sha === sha)) return 'squash'
    if (/^Magos-Reverts: /mu.test(message)) return 'revert'
    if (/^Magos-Host: nas$/mu.test(message)) return 'update'
    throw new Error(`Nobody made commit ${sha}: ${message}`)
  }
  const after = async (commit: CommitObject, before: Files): Promise<Files> => {
    switch (kind(commit)) {
      case 'person':
        return changed(before, edits.get(commit.sha) ?? new Map())
      case 'merge':
      case 'squash':
        return await merged(commit, before)
      case 'update':
        return withUpdates(before, toldUpdates(commit.message))
      case 'revert': {
        const reverted = withUpdates(before, toldUpdates(commit.message))
        return changed(reverted, await listed(commit, before))
      }
    }
  }
  /** What the branch brought, wherever the lines are by now. */
  const merged = async ({ sha, parents }: CommitObject, before: Files): Promise<Files> => {
    const [base = ''] = parents
    const tip = pulls.find((pull) => pull.merged?.sha === sha)?.headSha
    if (tip === undefined) throw new Error(`Nobody merged ${sha}`)
    let files = before
    for (const id of await missing(tip, base)) {
      const one = await git.readCommit(id)
      const [from = ''] = one.parents
      const own = edits.get(id)
      files =
        own === undefined
          ? withMovedUpdates(files, await filesAt(from), toldUpdates(one.message))
          : changed(files, own)
    }
    return files
  }
  const missing = async (tip: string, base: string): Promise<readonly string[]> =>
    (await git.log(tip, { limit: 100, since: base })).toReversed()
  /** Which versions are listed is for others to examine: here, that what stood there stands. */
  const listed = async ({ sha, tree }: CommitObject, before: Files) => {
    const items = await git.readTree(tree, 'recursive')
    const item = items.find(({ path }) => path === QUARANTINE)
    if (item === undefined) throw new Error(`Commit ${sha} takes back and lists nothing`)
    const text = (await git.readBlob(item.sha)).toString('utf8')
    const old = before.get(QUARANTINE) ?? ''
    if (!text.startsWith(old)) throw new Error(`Commit ${sha} rewrites ${QUARANTINE}`)
    return new Map([[QUARANTINE, text]])
  }
  return { note: (commit, edit) => void edits.set(commit, edit), filesAt, kindOf }
}

function changed(files: Files, changes: Edit): Files {
  const next = new Map(files)
  for (const [path, text] of changes) {
    if (text === null) next.delete(path)
    else next.set(path, text)
  }
  return next
}

/** The paragraphs of a message of Magos. */
export function toldUpdates(message: string): readonly ToldUpdate[] {
  const told = /^(\S+):(\d+) \(([^)]*)\)\n {2}from (\S+)\n {2}to {3}(\S+)$/gmu
  return [...message.matchAll(told)].map(
    ([, file = '', line, services = '', from = '', to = '']) => ({
      file,
      line: Number(line),
      services: services.split(', '),
      from,
      to,
    }),
  )
}

function withUpdates(files: Files, updates: readonly ToldUpdate[]): Files {
  let next = files
  for (const update of updates) {
    const lines = linesOf(next, update.file)
    next = changed(next, new Map([[update.file, replaced(lines, update.line - 1, update)]]))
  }
  return next
}

/** Where the line stands now that stood there in `origin`. */
function withMovedUpdates(files: Files, origin: Files, updates: readonly ToldUpdate[]): Files {
  let next = files
  for (const update of updates) {
    const old = linesOf(origin, update.file)
    const text = old[update.line - 1] ?? ''
    const nth = old.slice(0, update.line - 1).filter((line) => line === text).length
    const file = next.has(update.file) ? update.file : movedFile(next, text)
    const lines = linesOf(next, file)
    const at = lines.flatMap((line, index) => (line === text ? [index] : []))[nth]
    if (at === undefined) throw new Error(`${file} has no line ${JSON.stringify(text)}`)
    next = changed(next, new Map([[file, replaced(lines, at, update)]]))
  }
  return next
}

function movedFile(files: Files, line: string): string {
  const found = [...files].filter(([, text]) => text.split('\n').includes(line))
  const [only] = found
  if (only === undefined || found.length > 1) throw new Error(`${found.length} files have ${line}`)
  return only[0]
}

function linesOf(files: Files, file: string): readonly string[] {
  const text = files.get(file)
  if (text === undefined) throw new Error(`There is no ${file}`)
  return text.split('\n')
}

/** The reference of one line, which stands there once and whole. */
function replaced(lines: readonly string[], index: number, { from, to, file }: ToldUpdate): string {
  const line = lines[index] ?? ''
  const parts = line.split(from)
  const [head = '', tail = ''] = parts
  if (parts.length !== 2 || /^[\w@:.-]/u.test(tail)) {
    throw new Error(`${file}:${index + 1} does not hold ${from}: ${JSON.stringify(line)}`)
  }
  return lines.with(index, `${head}${to}${tail}`).join('\n')
}
