import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import type { ByteIo, Io, ReadBeside, Surroundings } from '../cli/io.ts'
import { MagosError } from '../domain/error.ts'

/** The command line's own view of this machine. */
export function terminal(format: Io['format']): Io {
  return {
    format,
    columns: process.stdout.isTTY ? process.stdout.columns : 0,
    write: (text) => void process.stdout.write(text),
    note: (text) => void process.stderr.write(text),
    readFile: readText,
    readBeside,
    surroundings,
    namesIn,
    listFiles,
    async replaceFile(path, content) {
      const { writeFileSafely } = await import('../host/files.ts')
      const target = await realpath(path)
      const { mode, uid, gid } = await stat(target)
      await writeFileSafely(target, content, mode & 0o7777, { owner: { uid, gid } })
    },
  }
}

/** The same for what is no text. */
export const terminalBytes: ByteIo = {
  read: readBytes,
  write: (bytes) => void process.stdout.write(bytes),
}

async function readText(path: string): Promise<string> {
  const bytes = await readBytes(path)
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (error) {
    throw new MagosError('usage', `Cannot read "${path}": ${reason(error)}`, { cause: error })
  }
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return path === '-' ? await readStdin() : await readFile(path)
  } catch (error) {
    throw new MagosError('usage', `Cannot read "${path}": ${reason(error)}`, { cause: error })
  }
}

async function readBeside(beside: string, path: string): Promise<ReadBeside> {
  try {
    const home = dirname(await realpath(beside))
    const root = (await rootOf(home)) ?? home
    const target = await realpath(path)
    if (!isBelow(target, root)) return { kind: 'outside' }
    return { kind: 'file', text: await readText(target) }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'absent' }
    return { kind: 'unreadable', reason: reason(error) }
  }
}

/** The repository around a directory, or the working directory. */
async function rootOf(directory: string): Promise<string | null> {
  const { nearestHolding } = await import('../host/files.ts')
  const here = await realpath('.')
  return (await nearestHolding(directory, '.git')) ?? (isBelow(directory, here) ? here : null)
}

async function surroundings(path: string): Promise<Surroundings | null> {
  if (path === '-') return null
  try {
    const isFolder = (await stat(path)).isDirectory()
    const folder = isFolder ? path : dirname(path)
    const home = await realpath(folder)
    const root = await rootOf(home)
    if (root === null) return null
    return {
      root,
      path: relative(root, isFolder ? home : join(home, basename(path))),
      given: (one) => join(folder, relative(home, join(root, one))),
    }
  } catch {
    // Whoever reads the path says what is wrong with it.
    return null
  }
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true })
    return entries.filter((entry) => entry.isFile()).map(({ name }) => name)
  } catch {
    return []
  }
}

function isBelow(path: string, directory: string): boolean {
  const way = relative(directory, path)
  return way !== '..' && !way.startsWith('../')
}

async function readStdin(): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of process.stdin) {
    if (chunk instanceof Uint8Array) chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** Never walked: no compose file of a person lies there. */
const PASSED_OVER = new Set(['.git', 'node_modules'])

async function listFiles(path: string): Promise<readonly string[]> {
  try {
    return (await stat(path)).isDirectory() ? await walk(path) : [path]
  } catch (error) {
    throw new MagosError('usage', `Cannot list "${path}": ${reason(error)}`, { cause: error })
  }
}

async function walk(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true })
  const found: string[] = []
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(directory, entry.name)
    if (entry.isFile()) found.push(path)
    else if (entry.isDirectory() && !PASSED_OVER.has(entry.name)) {
      found.push(...(await walk(path).catch(unlessClosed)))
    }
  }
  return found
}

/** Data of containers often lies beside a compose file, in directories that only they may enter. */
function unlessClosed(thrown: unknown): string[] {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
  if (code === 'EACCES' || code === 'EPERM' || code === 'ENOENT') return []
  throw thrown
}

function reason(error: unknown): string {
  if (error instanceof Error && 'code' in error) {
    if (error.code === 'ENOENT') return 'there is no such file'
    if (error.code === 'EACCES') return 'permission denied'
    if (error.code === 'EISDIR') return 'it is a directory'
  }
  return error instanceof Error ? error.message : String(error)
}
