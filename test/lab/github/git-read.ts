import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Git } from './git-command.ts'
import type { CommitObject, Person, Ref, TreeItem, TreeMode } from './git-objects.ts'
import { isoSeconds } from './iso-time.ts'

export interface LogOptions {
  readonly limit: number
  readonly skip?: number
  readonly path?: string | undefined
  /** Leave out what this commit reaches. */
  readonly since?: string | undefined
}

export async function refs(git: Git, prefix: string): Promise<readonly Ref[]> {
  const format = '--format=%(refname) %(objectname)'
  const listed = await git.run(['for-each-ref', format])
  return listed
    .split('\n')
    .map((line) => line.split(' '))
    .flatMap(([name, sha]) => (name && sha && name.startsWith(prefix) ? [{ name, sha }] : []))
}

export async function readRef(git: Git, name: string): Promise<string | null> {
  if (!isRefName(name)) return null
  const loose = await readFile(join(git.directory, name), 'utf8').catch(() => null)
  if (loose !== null) return loose.trim()
  return (await git.attempt(['show-ref', '--verify', '--hash', name]))?.trim() ?? null
}

function isRefName(name: string): boolean {
  return /^refs\/[^\0]+$/u.test(name) && !name.split('/').includes('..')
}

export async function typeOf(git: Git, sha: string): Promise<string | null> {
  if (!/^[0-9a-f]{40}$/u.test(sha)) return null
  const loose = await git.objects.read(sha)
  return loose?.type ?? (await git.attempt(['cat-file', '-t', sha]))?.trim() ?? null
}

export async function readObject(git: Git, type: string, sha: string): Promise<Buffer> {
  const loose = await git.objects.read(sha)
  return loose?.type === type ? loose.body : await git.bytes(['cat-file', type, sha])
}

export async function isAncestor(git: Git, ancestor: string, descendant: string): Promise<boolean> {
  if (ancestor === descendant) return true
  const isCommit = (await typeOf(git, descendant)) === 'commit'
  if (isCommit && (await readCommit(git, descendant)).parents.includes(ancestor)) return true
  return (await git.attempt(['merge-base', '--is-ancestor', ancestor, descendant])) !== null
}

export async function resolve(git: Git, name: string, type: string): Promise<string | null> {
  if (/^[0-9a-f]{40}$/u.test(name)) return await peel(git, name, type)
  for (const candidate of [`refs/heads/${name}`, `refs/tags/${name}`, name]) {
    const sha = await readRef(git, candidate)
    if (sha !== null) return await peel(git, sha, type)
  }
  return null
}

/** The object itself, or what it leads to: a tag to its commit, a commit to its tree. */
async function peel(git: Git, sha: string, type: string): Promise<string | null> {
  const loose = await git.objects.read(sha)
  if (loose?.type === type) return sha
  if (loose?.type === 'commit' && type === 'tree') return (await readCommit(git, sha)).tree
  const peeled = await git.attempt(['rev-parse', '--quiet', '--verify', `${sha}^{${type}}`])
  return peeled?.trim() ?? null
}

export async function readCommit(git: Git, sha: string): Promise<CommitObject> {
  const raw = (await readObject(git, 'commit', sha)).toString('utf8')
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

export async function readTree(
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

export async function log(
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

export async function changes(
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
