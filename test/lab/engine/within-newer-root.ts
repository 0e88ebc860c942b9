/**
 * Runs one command within the root file system of a newer Debian: `node within-newer-root.ts -- COMMAND ARG…`, with the
 * command's exit code. Project, node, caches, devices and temporary files are the machine's, at the same paths; all else
 * is the newer one's, and what is written there is gone afterwards. It is entered by pivot_root in a mount namespace of
 * its own, since the kernel gives no user namespaces to whoever sits in a chroot, and rootless podman lives in one.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cacheDirectory } from './install.ts'
import { newerRoot } from './newer-root.ts'

const PROJECT = join(import.meta.dirname, '../../..')

/** The command line that runs another one so; only root can run it. */
export function withinNewerRoot(command: readonly string[]): readonly string[] {
  return [process.execPath, fileURLToPath(import.meta.url), '--', ...command]
}

function outside(command: readonly string[]): number {
  const place = mkdtempSync(join(tmpdir(), 'mr-'))
  try {
    const self = [process.execPath, fileURLToPath(import.meta.url), '--inside', place, '--']
    const namespace = ['--mount', '--propagation', 'private', '--']
    const { status } = spawnSync('unshare', [...namespace, ...self, ...command], {
      stdio: 'inherit',
    })
    return status ?? 1
  } finally {
    rmdirSync(place)
  }
}

function inside(place: string, command: readonly string[]): number {
  const root = overlaid(place)
  for (const path of ['/proc', '/sys', '/dev', '/run']) bind(root, path, '--rbind')
  for (const path of new Set(['/tmp', tmpdir(), cacheDirectory(), PROJECT])) {
    bind(root, path, '--bind')
  }
  bindNode(root)
  enter(root)
  const [program = '', ...args] = command
  const { status } = spawnSync(program, args, { cwd: PROJECT, stdio: 'inherit' })
  return status ?? 1
}

/** The kept root below, and above it what is forgotten. */
function overlaid(place: string): string {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'mode=0755', 'tmpfs', place])
  const [upper, work, root] = ['upper', 'work', 'root'].map((name) => join(place, name))
  for (const path of [upper, work, root]) mkdirSync(path ?? '', { mode: 0o755 })
  const layers = `lowerdir=${newerRoot()},upperdir=${upper},workdir=${work}`
  execFileSync('mount', ['-t', 'overlay', '-o', layers, 'overlay', root ?? ''])
  return root ?? ''
}

function bind(root: string, path: string, how: '--bind' | '--rbind'): void {
  mkdirSync(join(root, path), { recursive: true })
  execFileSync('mount', [how, path, join(root, path)])
}

/** The very program that runs this, which need not lie in the project. */
function bindNode(root: string): void {
  const path = join(root, process.execPath)
  if (existsSync(path)) return
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, '')
  execFileSync('mount', ['--bind', process.execPath, path])
}

function enter(root: string): void {
  const old = join(root, 'mnt')
  process.chdir(root)
  execFileSync('pivot_root', [root, old])
  process.chdir('/')
  execFileSync('umount', ['--lazy', '/mnt'])
}

if (import.meta.main) {
  const words = process.argv.slice(2)
  const command = words.slice(words.indexOf('--') + 1)
  const isInside = words[0] === '--inside'
  process.exitCode = isInside ? inside(words[1] ?? '', command) : outside(command)
}
