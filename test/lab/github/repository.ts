import { randomUUID } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { ApiError } from './api-error.ts'

export type TreeMode = '100644' | '100755' | '040000' | '160000' | '120000'

export interface TreeItem {
  readonly path: string
  readonly mode: TreeMode
  readonly type: 'blob' | 'tree' | 'commit'
  readonly sha: string
  readonly size: number | null
}

/** One change of a tree: an object, inline text, or nothing any more. */
export interface TreeChange {
  readonly path: string
  readonly mode?: TreeMode
  readonly sha?: string | null
  readonly content?: string
}

export interface Person {
  readonly name: string
  readonly email: string
  /** ISO 8601. */
  readonly date: string
}

export interface CommitObject {
  readonly sha: string
  readonly tree: string
  readonly parents: readonly string[]
  readonly author: Person
  readonly committer: Person
  readonly message: string
}

export interface Ref {
  /** Full name: `refs/heads/main`. */
  readonly name: string
  readonly sha: string
}

/** A bare repository, driven by git's plumbing alone: real objects, real SHAs, a real compare-and-swap. */
export interface BareRepository {
  readonly directory: string
  /** Full refs that start with `prefix`. */
  refs(prefix: string): Promise<readonly Ref[]>
  /** Object id that a full ref, a branch, a tag or an id names, of the given type; null where there is none. */
  resolve(name: string, type: 'commit' | 'tree' | 'blob'): Promise<string | null>
  type(sha: string): Promise<string | null>
  readCommit(sha: string): Promise<CommitObject>
  readTree(sha: string, depth: 'flat' | 'recursive'): Promise<readonly TreeItem[]>
  readBlob(sha: string): Promise<Buffer>
  writeBlob(content: string | Uint8Array): Promise<string>
  writeTree(base: string | null, changes: readonly TreeChange[]): Promise<string>
  writeCommit(commit: Omit<CommitObject, 'sha'>): Promise<string>
  /** Moves, creates (`before` null) or deletes (`after` null) a ref, if it still is where it was. */
  updateRef(name: string, before: string | null, after: string | null): Promise<'done' | 'moved'>
  isAncestor(ancestor: string, descendant: string): Promise<boolean>
  /** Commits from `sha` back, newest first. */
  log(sha: string, options: LogOptions): Promise<readonly string[]>
  /** `A`, `M` or `D` of every path that differs. */
  changes(before: string, after: string): Promise<readonly { status: string; path: string }[]>
  /** Tree of both commits merged; null where they conflict. */
  mergeTree(ours: string, theirs: string): Promise<string | null>
}

export interface LogOptions {
  readonly limit: number
  readonly skip?: number
  readonly path?: string | undefined
  /** Leave out what this commit reaches. */
  readonly since?: string | undefined
}

/** As GitHub serves: any reachable commit may be asked for by id, and partial clones work. */
const configuration = `[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = true
[uploadpack]
\tallowReachableSHA1InWant = true
\tallowFilter = true
[gc]
\tauto = 0
[receive]
\tautogc = false
`

const emptyTree = '4b825dc642cb6eb9a060e54bf8d69288fbee4904'

export async function createBareRepository(
  directory: string,
  branch: string,
): Promise<BareRepository> {
  // What `git init --bare` lays down, without starting a process for it.
  await mkdir(join(directory, 'objects', 'info'), { recursive: true })
  await mkdir(join(directory, 'objects', 'pack'))
  await mkdir(join(directory, 'refs', 'heads'), { recursive: true })
  await writeFile(join(directory, 'HEAD'), `ref: refs/heads/${branch}\n`)
  await writeFile(join(directory, 'config'), configuration)
  return openBareRepository(directory)
}

export function openBareRepository(directory: string): BareRepository {
  const git = createGit(directory)
  return {
    directory,
    refs: (prefix) => refs(git, prefix),
    resolve: (name, type) => resolve(git, name, type),
    type: async (sha) => (await git.attempt(['cat-file', '-t', sha]))?.trim() ?? null,
    readCommit: (sha) => readCommit(git, sha),
    readTree: (sha, depth) => readTree(git, sha, depth),
    readBlob: (sha) => git.bytes(['cat-file', 'blob', sha]),
    writeBlob: (content) => git.run(['hash-object', '-w', '--stdin'], { input: content }),
    writeTree: (base, edits) => writeTree(git, base, edits),
    writeCommit: (commit) => writeCommit(git, commit),
    updateRef: (name, before, after) => updateRef(git, { name, before, after }),
    isAncestor: async (ancestor, descendant) =>
      (await git.attempt(['merge-base', '--is-ancestor', ancestor, descendant])) !== null,
    log: (sha, options) => log(git, sha, options),
    changes: (before, after) => changes(git, before, after),
    mergeTree: async (ours, theirs) =>
      (await git.attempt(['merge-tree', '--write-tree', ours, theirs]))?.split('\n')[0] ?? null,
  }
}

// ---------------------------------------------------------------- git itself

interface GitOptions {
  readonly input?: string | Uint8Array
  readonly env?: Readonly<Record<string, string>>
}

interface Git {
  readonly directory: string
  run(args: readonly string[], options?: GitOptions): Promise<string>
  bytes(args: readonly string[]): Promise<Buffer>
  /** null where git refuses. */
  attempt(args: readonly string[], options?: GitOptions): Promise<string | null>
}

function createGit(directory: string): Git {
  const settings = { GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null', LC_ALL: 'C' }
  const command = (args: readonly string[]): string[] => ['--git-dir', directory, ...args]
  const attempt = async (
    args: readonly string[],
    { input = '', env = {} }: GitOptions = {},
  ): Promise<{ failed: boolean; stdout: string; stderr: string }> => {
    const options = { env: { ...settings, ...env }, input, reject: false, maxBuffer: 1e9 } as const
    const { failed, stdout, stderr } = await execa('git', command(args), options)
    return { failed, stdout, stderr }
  }
  return {
    directory,
    async run(args, options) {
      const { failed, stdout, stderr } = await attempt(args, options)
      if (failed) throw new Error(`git ${args.join(' ')} failed: ${stderr}`)
      return stdout
    },
    async attempt(args, options) {
      const { failed, stdout } = await attempt(args, options)
      return failed ? null : stdout
    },
    async bytes(args) {
      const { stdout } = await execa('git', command(args), {
        env: settings,
        encoding: 'buffer',
        stripFinalNewline: false,
      })
      return Buffer.from(stdout)
    },
  }
}

// ---------------------------------------------------------------- reading

async function refs(git: Git, prefix: string): Promise<readonly Ref[]> {
  const format = '--format=%(refname) %(objectname)'
  const listed = await git.run(['for-each-ref', format])
  return listed
    .split('\n')
    .map((line) => line.split(' '))
    .flatMap(([name, sha]) => (name && sha && name.startsWith(prefix) ? [{ name, sha }] : []))
}

async function resolve(git: Git, name: string, type: string): Promise<string | null> {
  if (name === '' || name.startsWith('-')) return null
  const candidates = /^[0-9a-f]{40}$/u.test(name)
    ? [name]
    : [`refs/heads/${name}`, `refs/tags/${name}`, name]
  for (const candidate of candidates) {
    const found = await git.attempt([
      'rev-parse',
      '--quiet',
      '--verify',
      '--end-of-options',
      `${candidate}^{${type}}`,
    ])
    if (found !== null) return found.trim()
  }
  return null
}

async function readCommit(git: Git, sha: string): Promise<CommitObject> {
  const raw = (await git.bytes(['cat-file', 'commit', sha])).toString('utf8')
  const split = raw.indexOf('\n\n')
  const head = raw.slice(0, split).split('\n')
  const values = (key: string): string[] =>
    head.filter((line) => line.startsWith(`${key} `)).map((line) => line.slice(key.length + 1))
  return {
    sha,
    tree: values('tree')[0] ?? '',
    parents: values('parent'),
    author: parsePerson(values('author')[0] ?? ''),
    committer: parsePerson(values('committer')[0] ?? ''),
    message: raw.slice(split + 2),
  }
}

function parsePerson(line: string): Person {
  const [, name = '', email = '', seconds = '0'] = /^(.*) <(.*)> (\d+) [+-]\d{4}$/u.exec(line) ?? []
  return { name, email, date: isoSeconds(Number(seconds) * 1000) }
}

/** GitHub's times have no fraction of a second. */
export function isoSeconds(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/u, 'Z')
}

async function readTree(
  git: Git,
  sha: string,
  depth: 'flat' | 'recursive',
): Promise<readonly TreeItem[]> {
  const flags = depth === 'recursive' ? ['-r', '-t'] : []
  const listed = await git.run(['ls-tree', '-z', '--long', '--full-tree', ...flags, sha])
  return listed.split('\0').flatMap((line) => {
    const [, mode, type, id = '', size, path = ''] =
      /^(\d{6}) (\w+) ([0-9a-f]{40}) +(-|\d+)\t([^]*)$/u.exec(line) ?? []
    if (!isMode(mode) || !isType(type)) return []
    return [{ path, mode, type, sha: id, size: size === '-' ? null : Number(size) }]
  })
}

function isMode(mode: string | undefined): mode is TreeMode {
  return mode !== undefined && ['100644', '100755', '040000', '160000', '120000'].includes(mode)
}

function isType(type: string | undefined): type is TreeItem['type'] {
  return type === 'blob' || type === 'tree' || type === 'commit'
}

async function log(
  git: Git,
  sha: string,
  { limit, skip = 0, path, since }: LogOptions,
): Promise<readonly string[]> {
  const bounds = [`--max-count=${limit}`, `--skip=${skip}`]
  const range = since === undefined ? [sha] : [sha, `^${since}`]
  const paths = path === undefined ? [] : ['--', path]
  const listed = await git.run(['rev-list', ...bounds, ...range, ...paths])
  return listed.split('\n').filter((line) => line !== '')
}

async function changes(
  git: Git,
  before: string,
  after: string,
): Promise<readonly { status: string; path: string }[]> {
  const listed = await git.run(['diff-tree', '-r', '-z', '--name-status', before, after])
  const parts = listed.split('\0')
  return parts.flatMap((status, index) => {
    const path = parts[index + 1]
    return index % 2 === 0 && path !== undefined ? [{ status, path }] : []
  })
}

// ---------------------------------------------------------------- writing

async function writeTree(
  git: Git,
  base: string | null,
  edits: readonly TreeChange[],
): Promise<string> {
  const index = join(git.directory, `index-${randomUUID()}`)
  const env = { GIT_INDEX_FILE: index }
  try {
    const read = await git.attempt(['read-tree', base ?? emptyTree], { env })
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
  return sha ?? (await git.run(['hash-object', '-w', '--stdin'], { input: content }))
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
async function writeCommit(git: Git, commit: Omit<CommitObject, 'sha'>): Promise<string> {
  const lines = [
    `tree ${commit.tree}`,
    ...commit.parents.map((parent) => `parent ${parent}`),
    `author ${formatPerson(commit.author)}`,
    `committer ${formatPerson(commit.committer)}`,
  ]
  const input = `${lines.join('\n')}\n\n${commit.message}`
  return await git.run(['hash-object', '-t', 'commit', '-w', '--stdin'], { input })
}

function formatPerson({ name, email, date }: Person): string {
  const [plainName, plainEmail] = [name, email].map((text) => text.replaceAll(/[<>\n]/gu, ''))
  return `${plainName} <${plainEmail}> ${Math.floor(Date.parse(date) / 1000)} +0000`
}

async function updateRef(
  git: Git,
  { name, before, after }: { name: string; before: string | null; after: string | null },
): Promise<'done' | 'moved'> {
  const args =
    after === null
      ? ['update-ref', '-d', name, ...(before === null ? [] : [before])]
      : ['update-ref', name, after, before ?? '0'.repeat(40)]
  return (await git.attempt(args)) === null ? 'moved' : 'done'
}
