import { posix } from 'node:path'
import { MagosError } from '../../src/domain/error.ts'
import type { FileMode } from '../../src/domain/revision.ts'
import type { LaidFile, LayReport, StackFiles } from '../../src/ports.ts'

export interface MemoryFile {
  readonly mode: FileMode
  readonly content: string
}

/** Stable directories in memory, with the rules of the real ones. */
export interface MemoryStackFiles extends StackFiles {
  /** A person writes there. */
  write(stack: string, path: string, content: string): void
  /** A person removes a file there. */
  remove(stack: string, path: string): void
  list(stack: string): Record<string, string>
  /** A person's directory that can be adopted. */
  make(path: string): void
  /** The next `lay()` throws this and writes nothing. */
  failNext(error: Error): void
  /** Reports of every `lay()` that came to its end. */
  readonly reports: readonly { readonly stack: string; readonly report: LayReport }[]
}

interface Directory {
  readonly disk: Map<string, MemoryFile>
  laid: ReadonlyMap<string, MemoryFile>
}

export function createMemoryStackFiles({ root = '/memory/stacks' } = {}): MemoryStackFiles {
  const directories = new Map<string, Directory>()
  const homes = new Map<string, string>()
  const made = new Set<string>()
  const reports: { stack: string; report: LayReport }[] = []
  let failure: Error | null = null
  const directory = (stack: string): Directory => {
    const known = directories.get(stack) ?? { disk: new Map(), laid: new Map() }
    directories.set(stack, known)
    return known
  }
  const place = (stack: string) => homes.get(stack) ?? `${root}/${stack}`
  const homeOf = (stack: string) => {
    const path = place(stack)
    const other = [...homes].find(([one, there]) => one !== stack && there === path)
    if (other === undefined) return path
    throw new MagosError(
      'configuration',
      `Use "${path}" for stack "${stack}": it is the directory of stack "${other[0]}"`,
    )
  }
  return {
    reports,
    home: homeOf,
    owns: (stack, path) => path === place(stack) || [...homes.values()].includes(path),
    async adopt(stack, { directory: path, purpose }, signal) {
      refuseInterrupted(signal)
      const isThere = made.has(path) || [...directories.keys()].some((one) => place(one) === path)
      if (!isThere) {
        return await Promise.resolve({
          outcome: 'refused',
          reason: `"${path}" is not there any more`,
        })
      }
      if (purpose === 'keep') homes.set(stack, path)
      const read: StackFiles['read'] = (name, file, asked) => this.read(name, file, asked)
      const home = (name: string) => (name === stack ? path : this.home(name))
      return { outcome: 'adopted', files: { home, read } }
    },
    make: (path) => void made.add(path),
    async read(stack, path, signal) {
      refuseInterrupted(signal)
      const { disk, laid } = directory(stack)
      const file = disk.get(path)
      return file === undefined || isSame(file, laid.get(path))
        ? null
        : new Uint8Array(Buffer.from(file.content, 'latin1'))
    },
    async lay(stack, files, signal) {
      refuseInterrupted(signal)
      const thrown = failure
      failure = null
      if (thrown !== null) throw thrown
      const at = directory(stack)
      const target = checked(files)
      refuseObstacles(at, target)
      const report = layInto(at, target)
      at.laid = target
      reports.push({ stack, report })
      return report
    },
    write(stack, path, content) {
      const { disk } = directory(stack)
      const mode = disk.get(path)?.mode ?? '100644'
      disk.set(path, { mode, content: Buffer.from(content).toString('latin1') })
    },
    remove(stack, path) {
      directory(stack).disk.delete(path)
    },
    list: (stack) =>
      Object.fromEntries(
        [...directory(stack).disk].map(([path, { content }]) => [
          path,
          Buffer.from(content, 'latin1').toString('utf8'),
        ]),
      ),
    failNext(error) {
      failure = error
    },
  }
}

function layInto({ disk, laid }: Directory, target: ReadonlyMap<string, MemoryFile>): LayReport {
  const written: string[] = []
  const removed: string[] = []
  const kept: { path: string; savedAs: string }[] = []
  const keep = (path: string, there: MemoryFile): void => {
    let number = 1
    while (disk.has(`${path}.before-magos-${number}`)) number += 1
    const savedAs = `${path}.before-magos-${number}`
    disk.set(savedAs, there)
    disk.delete(path)
    kept.push({ path, savedAs })
  }
  const needed = new Set([...target.keys()].flatMap(above))
  for (const [path, old] of laid) {
    const there = disk.get(path)
    if (target.has(path) || there === undefined) continue
    if (isSame(there, old)) {
      disk.delete(path)
      removed.push(path)
    } else if (!needed.has(path)) kept.push({ path, savedAs: path })
  }
  for (const path of needed) {
    const there = disk.get(path)
    if (there !== undefined) keep(path, there)
  }
  for (const [path, file] of target) {
    const there = disk.get(path)
    const before = laid.get(path)
    if (isSame(there, file)) continue
    if (there !== undefined && !isSame(there, before)) {
      if (isSame(before, file)) continue
      keep(path, there)
    }
    disk.set(path, file)
    written.push(path)
  }
  return { written, removed, kept }
}

/** A directory that holds what is not ours gives way to no file. */
function refuseObstacles({ disk, laid }: Directory, target: ReadonlyMap<string, MemoryFile>): void {
  for (const [path, file] of disk) {
    const blocked = above(path).find((one) => target.has(one))
    if (blocked === undefined || isSame(file, laid.get(path))) continue
    throw new MagosError(
      'stack',
      `Lay "${blocked}": held, for "${path}" lies in a directory there`,
      {
        remedy: `Move "${path}" away`,
      },
    )
  }
}

function checked(files: readonly LaidFile[]): ReadonlyMap<string, MemoryFile> {
  const target = new Map<string, MemoryFile>()
  for (const { path, mode, content } of files) {
    const isBad =
      path.startsWith('/') || path.split('/').some((part) => ['', '.', '..', '.git'].includes(part))
    if (isBad || mode === '160000' || target.has(path)) throw refused(path)
    target.set(path, { mode, content: Buffer.from(content).toString('latin1') })
  }
  for (const [path, { mode, content }] of target) {
    if (above(path).some((one) => target.has(one))) throw refused(path)
    // Simpler than the kernel's way, and stricter: no `..` after a name.
    const isSound = /^(?:\.\.\/)*(?!.*\.\.)/u.test(content) && !content.startsWith('/')
    const end = posix.normalize(posix.join(posix.dirname(path), content))
    if (mode === '120000' && (!isSound || end.startsWith('..'))) throw refused(path)
  }
  return target
}

function refused(path: string): MagosError {
  return new MagosError('stack', `Lay file ${JSON.stringify(path)}: it cannot lie in a stack`)
}

function above(path: string): readonly string[] {
  const parts = path.split('/')
  return parts.slice(1).map((_part, index) => parts.slice(0, index + 1).join('/'))
}

function isSame(one: MemoryFile | undefined, other: MemoryFile | undefined): boolean {
  return one !== undefined && one.mode === other?.mode && one.content === other.content
}

function refuseInterrupted(signal: AbortSignal): void {
  if (signal.aborted) throw new MagosError('interrupted', 'Use the stack files: interrupted')
}
