import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ApiError } from './api-error.ts'
import type { Git } from './git-command.ts'
import type { CommitObject, Person, TreeChange } from './git-objects.ts'
import { readTree } from './git-read.ts'

export async function writeTree(
  git: Git,
  base: string | null,
  edits: readonly TreeChange[],
): Promise<string> {
  const index = join(git.directory, `index-${randomUUID()}`)
  const env = { GIT_INDEX_FILE: index }
  try {
    // Without an index there is nothing in it.
    const read = base === null ? '' : await git.attempt(['read-tree', base], { env })
    if (read === null) throw new ApiError(404, 'Not Found')
    let lines: string[] = []
    for (const edit of edits) {
      if (!isTreePath(edit.path)) {
        throw new ApiError(422, 'tree.path contains a malformed path component')
      }
      if (edit.sha !== null && edit.mode !== '040000') {
        lines.push(`${edit.mode ?? '100644'} ${await blobOf(git, edit)}\t${edit.path}`)
        continue
      }
      await indexInfo(git, env, lines)
      lines = []
      await stage(git, env, edit)
    }
    await indexInfo(git, env, lines)
    return await git.run(['write-tree'], { env })
  } finally {
    await rm(index, { force: true })
  }
}

async function blobOf(git: Git, { sha, content = '' }: TreeChange): Promise<string> {
  return sha ?? (await git.objects.write('blob', content))
}

/** Takes a path away, or puts a whole tree there. */
async function stage(
  git: Git,
  env: Record<string, string>,
  { path, sha }: TreeChange,
): Promise<void> {
  const removed = await unstage(git, env, path)
  if (typeof sha === 'string') {
    const items = (await readTree(git, sha, 'recursive')).filter(({ type }) => type !== 'tree')
    const lines = items.map((item) => `${item.mode} ${item.sha}\t${path}/${item.path}`)
    await indexInfo(git, env, lines)
  } else if (removed === 0) throw new ApiError(422, 'GitRPC::BadObjectState')
}

/** Takes a file, or everything below a directory, out of the index; answers how many entries that were. */
async function unstage(git: Git, env: Record<string, string>, path: string): Promise<number> {
  const listed = (await git.run(['ls-files', '-z'], { env })).split('\0')
  const held = listed.filter((name) => name === path || name.startsWith(`${path}/`))
  await indexInfo(
    git,
    env,
    held.map((name) => `0 ${'0'.repeat(40)}\t${name}`),
  )
  return held.length
}

async function indexInfo(
  git: Git,
  env: Record<string, string>,
  lines: readonly string[],
): Promise<void> {
  if (lines.length === 0) return
  const input = lines.map((line) => `${line}\0`).join('')
  await git.run(['update-index', '--add', '--replace', '-z', '--index-info'], { env, input })
}

function isTreePath(path: string): boolean {
  return path.split('/').every((part) => !['', '.', '..'].includes(part) && !/^\.git$/iu.test(part))
}

/** A commit object byte for byte as GitHub's API makes it: no line end is added to the message. */
export async function writeCommit(git: Git, commit: Omit<CommitObject, 'sha'>): Promise<string> {
  const lines = [
    `tree ${commit.tree}`,
    ...commit.parents.map((parent) => `parent ${parent}`),
    `author ${formatPerson(commit.author)}`,
    `committer ${formatPerson(commit.committer)}`,
  ]
  return await git.objects.write('commit', `${lines.join('\n')}\n\n${commit.message}`)
}

function formatPerson({ name, email, date }: Person): string {
  const [plainName, plainEmail] = [name, email].map((text) => text.replaceAll(/[<>\n]/gu, ''))
  return `${plainName} <${plainEmail}> ${Math.floor(Date.parse(date) / 1000)} +0000`
}

export async function updateRef(
  git: Git,
  { name, before, after }: { name: string; before: string | null; after: string | null },
): Promise<'done' | 'moved'> {
  const args =
    after === null
      ? ['update-ref', '-d', name, ...(before === null ? [] : [before])]
      : ['update-ref', name, after, before ?? '0'.repeat(40)]
  return (await git.attempt(args)) === null ? 'moved' : 'done'
}
