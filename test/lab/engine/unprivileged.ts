/**
 * Runs one command as a user who has nothing but a name and a range of ids: `node unprivileged.ts -- COMMAND ARG…`, with
 * the command's exit code. Only root can; the user exists in a mount namespace of its own, so that the machine never
 * learns of it. There /dev/net/tun is open to all, which it is on a usual system and often not on a build machine.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { composePath } from './install.ts'
import { ISOLATED } from './isolate.ts'

const NAME = 'magos-lab'
const ID = 64_242
const FILES = {
  '/etc/passwd': (home: string) => `${NAME}:x:${ID}:${ID}::${home}:/bin/sh`,
  '/etc/group': () => `${NAME}:x:${ID}:`,
  '/etc/subuid': () => `${NAME}:700000:65536`,
  '/etc/subgid': () => `${NAME}:700000:65536`,
} as const

/** The command line that runs another one so, and without some of the machine's programs; only root can run it. */
export function unprivileged(
  command: readonly string[],
  { without = [] }: { readonly without?: readonly string[] } = {},
): readonly string[] {
  return [process.execPath, fileURLToPath(import.meta.url), ...without, '--', ...command]
}

function outside(command: readonly string[], without: readonly string[]): number {
  const inner = ['--inside', ...without, '--', ...command]
  const self = [process.execPath, fileURLToPath(import.meta.url), ...inner]
  const namespace = ['--mount', '--propagation', 'private', '--']
  const { status } = spawnSync('unshare', [...namespace, ...self], { stdio: 'inherit' })
  return status ?? 1
}

function inside(command: readonly string[], without: readonly string[]): number {
  // Short, for sockets lie below it.
  const directory = mkdtempSync(join(tmpdir(), 'mu-'))
  chmodSync(directory, 0o755)
  try {
    const home = owned(join(directory, 'home'))
    const cache = owned(join(directory, 'cache'))
    for (const [path, line] of Object.entries(FILES)) replace(path, directory, line(home))
    for (const path of without) hide(path, directory)
    openTun(directory)
    lendCompose(cache)
    const env = environment({ home, cache, run: owned(join(directory, 'run')) })
    const user = [`--reuid=${ID}`, `--regid=${ID}`, '--clear-groups', '--']
    const { status } = spawnSync('setpriv', [...user, ...command], { stdio: 'inherit', env })
    return status ?? 1
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

function owned(path: string): string {
  mkdirSync(path, { mode: 0o700 })
  chownSync(path, ID, ID)
  return path
}

/** Covers a file of the system with a copy that has one line more. */
function replace(path: string, directory: string, line: string): void {
  const copy = join(directory, path.replaceAll('/', '-'))
  writeFileSync(copy, `${readFileSync(path, 'utf8').trimEnd()}\n${line}\n`, { mode: 0o644 })
  execFileSync('mount', ['--bind', copy, path])
}

/** Covers a program by a file that nobody can run. */
function hide(path: string, directory: string): void {
  const nothing = join(directory, 'nothing')
  writeFileSync(nothing, '', { mode: 0o644 })
  execFileSync('mount', ['--bind', nothing, path])
}

function openTun(directory: string): void {
  const device = join(directory, 'tun')
  execFileSync('mknod', [device, 'c', '10', '200'])
  chmodSync(device, 0o666)
  execFileSync('mount', ['--bind', device, '/dev/net/tun'])
}

/** Root's cache is root's alone. */
function lendCompose(cache: string): void {
  const path = composePath()
  if (path === null) return
  mkdirSync(join(cache, 'magos-lab'))
  copyFileSync(path, join(cache, 'magos-lab/docker-compose'))
  chmodSync(cache, 0o755)
  chmodSync(join(cache, 'magos-lab'), 0o755)
}

function environment({ home, cache, run }: Readonly<Record<'home' | 'cache' | 'run', string>>) {
  const { [ISOLATED]: _isolated, ...rest } = process.env
  return { ...rest, HOME: home, USER: NAME, XDG_CACHE_HOME: cache, XDG_RUNTIME_DIR: run }
}

if (import.meta.main) {
  const words = process.argv.slice(2)
  const end = words.indexOf('--')
  const command = words.slice(end + 1)
  const [first, ...rest] = words.slice(0, end)
  process.exitCode =
    first === '--inside' ? inside(command, rest) : outside(command, words.slice(0, end))
}
