import { createHash } from 'node:crypto'
import { MagosError } from '../../domain/error.ts'
import { pathProblem } from '../../host/files.ts'
import type { LaidFile } from '../../ports.ts'
import { leadsOutside } from './links.ts'

/** A file or symlink as it is compared: what it is and a digest of its bytes, for a symlink of its target. */
export interface Content {
  readonly mode: '100644' | '100755' | '120000'
  readonly digest: string
}

export interface TargetFile {
  readonly content: Content
  readonly bytes: Uint8Array
}

/** What shall lie in a stable directory, by path. */
export type Target = ReadonlyMap<string, TargetFile>

/** Checks that these files can lie in one directory and nowhere else. Throws `stack` and names the file. */
export function targetOf(stack: string, files: readonly LaidFile[]): Target {
  const target = new Map<string, TargetFile>()
  for (const { path, mode, content: bytes } of files) {
    const problem = pathProblem(path) ?? (target.has(path) ? 'it comes twice' : null)
    if (problem !== null) throw refused(stack, path, problem)
    if (mode === '160000') throw refused(stack, path, 'it is a submodule')
    target.set(path, { content: { mode, digest: digestOf(bytes) }, bytes })
  }
  const links = linksOf(target)
  for (const path of target.keys()) {
    const blocking = ancestorsOf(path).find((above) => target.has(above))
    if (blocking !== undefined) throw refused(stack, path, `"${blocking}" is a file of it, too`)
    const link = links.get(path)
    if (link !== undefined && leadsOutside(path, link, links)) {
      throw refused(stack, path, `the symbolic link leads out of the stack, to "${link}"`)
    }
  }
  return target
}

export function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

export function isSame(one: Content | undefined, other: Content | undefined): boolean {
  return one !== undefined && one.mode === other?.mode && one.digest === other.digest
}

/** Directories above a path, the nearest first. */
export function ancestorsOf(path: string): readonly string[] {
  const parts = path.split('/')
  return parts.slice(1).map((_part, index) => parts.slice(0, parts.length - 1 - index).join('/'))
}

function linksOf(target: Target): Map<string, string> {
  const links = [...target].filter(([, file]) => file.content.mode === '120000')
  return new Map(links.map(([path, { bytes }]) => [path, Buffer.from(bytes).toString('utf8')]))
}

function refused(stack: string, path: string, problem: string): MagosError {
  return new MagosError(
    'stack',
    `Lay file ${JSON.stringify(path)} of stack "${stack}": ${problem}`,
    {
      place: { file: path },
      remedy: 'Change it in the repository',
    },
  )
}
