import { isAbsolute, join, relative, resolve } from 'node:path'
import { MagosError } from '../../domain/error.ts'
import { pathProblem } from '../../host/files.ts'

export interface Homes {
  /** Absolute path of the stack's stable directory. Throws `configuration` for one that is not its own. */
  of(stack: string): string
  /** Whether a directory is where the stack lies when nobody asks whose that is, or was named or adopted for any. */
  owns(stack: string, directory: string): boolean
  /** Whether a person named it: then it may lie in somebody's work tree. */
  isNamed(stack: string): boolean
  manifest(stack: string): string
}

/** Which stack lives where: below the root, where it was adopted, or where the daemon's configuration says. */
export function createHomes(
  root: string,
  directories: Readonly<Record<string, string>>,
  adopted: ReadonlyMap<string, string> = new Map(),
): Homes {
  const named = new Map([...adopted, ...Object.entries(directories)])
  const books = join(root, '.magos')
  const home = (stack: string): string => {
    const problem = stackProblem(stack)
    if (problem !== null) {
      throw new MagosError(
        'stack',
        `Find the directory of stack ${JSON.stringify(stack)}: ${problem}`,
      )
    }
    return resolve(named.get(stack) ?? join(root, stack))
  }
  return {
    of(stack) {
      const path = home(stack)
      const given = named.get(stack)
      const isBad =
        given !== undefined && (!isAbsolute(given) || isWithin(path, root) || isWithin(books, path))
      const other = [...named.keys()].find((one) => one !== stack && home(one) === path)
      const problem = isBad
        ? 'it must be an absolute path, neither around the data directory nor inside its books'
        : other === undefined
          ? null
          : `it is the directory of stack "${other}"`
      if (problem === null) return path
      throw new MagosError(
        'configuration',
        `Use "${given ?? path}" for stack "${stack}": ${problem}`,
        {
          remedy: `Name another "directory" for stack "${stack}"`,
        },
      )
    },
    owns(stack, directory) {
      const isOwn = stackProblem(stack) === null && home(stack) === directory
      return isOwn || [...named.values()].some((one) => resolve(one) === directory)
    },
    isNamed: (stack) => named.has(stack),
    manifest: (stack) => join(books, `${stack}.json`),
  }
}

function stackProblem(stack: string): string | null {
  if (stack.includes('/')) return 'the name has a slash'
  if (stack.startsWith('.') || stack.startsWith('-')) return 'the name starts with a dot or a dash'
  if (Buffer.byteLength(stack) > 200) return 'the name is longer than 200 bytes'
  return pathProblem(stack)
}

function isWithin(outer: string, inner: string): boolean {
  const path = relative(outer, inner)
  return path === '' || (path !== '..' && !path.startsWith('../'))
}
