import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { createRunChild, type RunChild } from '../../../src/host/process.ts'
import type { SourceFiles } from '../../contracts/source.ts'

export const run: RunChild = createRunChild({ environment: process.env })

/** A machine on which no git is installed. */
export const withoutGit: RunChild = (_command, args, options) =>
  run('/no/such/program', args, options)

export interface TemporaryDirectory {
  readonly path: string
  readonly dispose: () => Promise<void>
}

export async function temporaryDirectory(): Promise<TemporaryDirectory> {
  const path = await realpath(await mkdtemp(join(tmpdir(), 'magos-git-test-')))
  return {
    path,
    async dispose() {
      await rm(path, { recursive: true, force: true, maxRetries: 3 })
    },
  }
}

/** Git as a person has it: with an identity, and none of this machine's configuration. */
export async function git(cwd: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await execa('git', args, { cwd, env: gitEnvironment, extendEnv: false })
  return stdout
}

export const gitEnvironment: Readonly<Record<string, string>> = {
  PATH: process.env['PATH'] ?? '',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_AUTHOR_NAME: 'Owner',
  GIT_AUTHOR_EMAIL: 'owner@example.org',
  GIT_COMMITTER_NAME: 'Owner',
  GIT_COMMITTER_EMAIL: 'owner@example.org',
}

/** Writes a commit that holds exactly these files, through one `fast-import`, and points the branch at it. */
export async function putCommit(
  gitDir: string,
  branch: string,
  files: SourceFiles,
  {
    on = 'branch',
    message = 'test',
    merge = null,
  }: {
    readonly on?: 'branch' | 'nothing'
    readonly message?: string
    /** A second parent. */
    readonly merge?: string | null
  } = {},
): Promise<string> {
  const tip = await execa('git', ['--git-dir', gitDir, 'rev-parse', '-q', '--verify', branch], {
    env: gitEnvironment,
    extendEnv: false,
    reject: false,
  })
  const from = on === 'branch' && tip.exitCode === 0 ? `from ${tip.stdout}\n` : ''
  const merged = merge === null ? '' : `merge ${merge}\n`
  const parts: Uint8Array[] = [
    Buffer.from(
      `commit refs/heads/${branch}\ncommitter Owner <owner@example.org> ${nextSecond()} +0000\ndata ${Buffer.byteLength(message)}\n${message}\n${from}${merged}deleteall\n`,
    ),
  ]
  for (const [path, file] of Object.entries(files)) {
    const isPlain = typeof file === 'string' || file instanceof Uint8Array
    const content = Buffer.from(isPlain ? file : file.content)
    const mode = isPlain ? '100644' : file.mode
    parts.push(
      Buffer.from(`M ${mode} inline ${quote(path)}\ndata ${content.length}\n`),
      content,
      Buffer.from('\n'),
    )
  }
  await execa('git', ['--git-dir', gitDir, 'fast-import', '--quiet', '--force'], {
    env: gitEnvironment,
    extendEnv: false,
    input: Buffer.concat(parts),
  })
  return await git(gitDir, 'rev-parse', `refs/heads/${branch}`)
}

function quote(path: string): string {
  const escaped = path
    .replaceAll('\\', '\\\\')
    .replaceAll('"', String.raw`\"`)
    .replaceAll('\n', String.raw`\n`)
  return `"${escaped}"`
}

// Commits that differ in nothing else must still differ.
let second = 1_700_000_000
function nextSecond(): number {
  return (second += 1)
}

/** What somebody else does to a repository's main branch. */
export function writers(gitDir: string) {
  return {
    put: (files: SourceFiles, message: string) => putCommit(gitDir, 'main', files, { message }),
    replace: (files: SourceFiles, message: string) =>
      putCommit(gitDir, 'main', files, { message, on: 'nothing' }),
    /** Leaves a branch of one commit that began at `base`, and merges it into main. */
    async merge(base: string, files: SourceFiles, message: string) {
      await git(gitDir, 'update-ref', 'refs/heads/side', base)
      const side = await putCommit(gitDir, 'side', files, { message })
      await putCommit(gitDir, 'main', files, { message: 'merge', merge: side })
      return side
    },
  }
}
