import { isWithin } from '../settings/inside.ts'
import type { FileReference } from './file-references.ts'
import { join } from './tree-path.ts'

export interface Reason {
  readonly reason: string
  readonly remedy: string
}

/** Where a written path lies. */
export type Location =
  /** From the repository's root. */
  | { readonly kind: 'inside'; readonly path: string }
  /** Absolute, below one of the allowed directories. */
  | { readonly kind: 'outside'; readonly path: string }
  | ({ readonly kind: 'refused' } & Reason)

/** Makes a path of what a compose file says, relative to `base`; nothing is looked up. */
export function locate(
  allowPaths: readonly string[],
  base: string,
  { value, below }: Pick<FileReference, 'value' | 'below'>,
): Location {
  if (below !== null) {
    const context = locate(allowPaths, base, { value: below, below: null })
    return context.kind === 'refused'
      ? context
      : locate(allowPaths, context.path, { value, below: null })
  }
  const problem = pathProblem(value)
  if (problem !== null) return refused(problem)
  const path = value.replaceAll('$$', '$')
  const joined = path.startsWith('/') ? join('/', path) : join(base, path)
  if (joined === null) return refused(leaving)
  if (!joined.startsWith('/')) return { kind: 'inside', path: joined }
  return allowPaths.some((directory) => isBelow(joined, directory))
    ? { kind: 'outside', path: joined }
    : refused(forbidden)
}

/** Why nobody can know, or may know, which file a path means; null for one that can be followed. */
export function pathProblem(value: string): Reason | null {
  if (/(?:^|[^$])(?:\$\$)*\$(?!\$)/.test(value)) return variable
  if (remotePattern.test(value)) return remote
  return value.startsWith('~') ? home : null
}

/** What Compose or the builder would fetch: schemes, `git@host:path`, and `github.com/` as docker build reads it. */
const remotePattern = /^(?:[a-z][a-z0-9+.-]*:\/\/|github\.com\/|[^/\s]+@[^/\s]+:)/i

function isBelow(path: string, directory: string): boolean {
  const root = join('/', directory) ?? '/'
  return isWithin(path, root === '/' ? '' : root)
}

function refused(why: Reason): Location {
  return { kind: 'refused', ...why }
}

const variable: Reason = {
  reason: 'it holds a variable, so it cannot be known which file it means',
  remedy: 'Write the path out',
}
const remote: Reason = {
  reason: 'it is fetched from elsewhere',
  remedy: 'Commit the files to the repository and name them by a relative path',
}
const home: Reason = {
  reason: 'a home directory depends on who runs Compose',
  remedy: 'Write an absolute path below one of the daemon’s allowPaths',
}
export const leaving: Reason = {
  reason: 'it lies outside the repository',
  remedy: 'Move it into the repository, or name it absolutely below one of the daemon’s allowPaths',
}
const forbidden: Reason = {
  reason: 'it lies outside the repository and below none of the allowed directories',
  remedy: 'Move it into the repository, or add its directory to the daemon’s allowPaths',
}
