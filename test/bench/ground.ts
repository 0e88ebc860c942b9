import { execFile } from 'node:child_process'
import { rmSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, statfs, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Form } from './forms.ts'

const run = promisify(execFile)

/** `f_type` of tmpfs and ramfs, linux/magic.h. */
const IN_MEMORY = new Set([0x01021994, 0x858458f6])

/** A temporary directory on a disk, for `durable` means nothing in memory; gone when the process ends. */
export async function makeGround(): Promise<string> {
  for (const parent of [tmpdir(), '/var/tmp', homedir()]) {
    const { type } = await statfs(parent)
    if (IN_MEMORY.has(type)) continue
    return await makeTemporary(parent)
  }
  throw new Error('There is no disk to write to: all temporary directories lie in memory')
}

async function makeTemporary(parent: string): Promise<string> {
  const directory = await mkdtemp(join(parent, 'mb-'))
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** An engine on which nothing runs, so that what is measured is Magos alone. */
const STILL_ENGINE = `#!/bin/sh
case \${1:-} in
  --version) echo 'podman version 4.3.1' ;;
  ps) echo '[]' ;;
  *) exit 125 ;;
esac
`

/** Where a daemon lives that watches a local repository without stacks: nothing is fetched, nothing is deployed. */
export async function makeQuietHome(ground: string, secret: string): Promise<Form['env']> {
  const [home, bin, repository] = [join(ground, 'home'), join(ground, 'bin'), join(ground, 'repo')]
  for (const path of [home, bin, repository]) await mkdir(path, { recursive: true })
  await writeFile(join(bin, 'podman'), STILL_ENGINE)
  await chmod(join(bin, 'podman'), 0o755)
  await writeFile(join(repository, 'README.md'), 'No stacks yet\n')
  const person = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com']
  for (const args of [
    ['init', '-q', '-b', 'main'],
    ['add', '.'],
    [...person, 'commit', '-q', '-m', 'feat: begin'],
  ]) {
    await run('git', ['-C', repository, ...args])
  }
  return {
    PATH: `${bin}:${process.env['PATH'] ?? ''}`,
    HOME: home,
    LANG: 'C.UTF-8',
    XDG_RUNTIME_DIR: await makeTemporary('/dev/shm'),
    MD_REPO: repository,
    MD_LISTEN: '127.0.0.1:0',
    MD_WEBHOOK_SECRET: secret,
  }
}

/** The same home with a data directory of its own. */
export function inHome(home: Form['env'], { command, env }: Form, data: string): Form {
  return { command, env: { ...home, ...env, MD_DATA_DIR: data } }
}
