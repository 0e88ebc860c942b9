import type { ProjectSource } from '../domain/compose/project.ts'
import { MagosError } from '../domain/error.ts'
import type { Stack } from '../domain/stack.ts'
import type { Io, Surroundings } from './io.ts'

/** The compose files of a stack on this disk, as the daemon reads them. */
export interface ReadStack {
  readonly source: ProjectSource
  /** Files that cannot be read, and why. */
  readonly unread: ReadonlyMap<string, MagosError>
}

/** `names` are files that somebody named in a way of his own. */
export async function readStack(
  io: Io,
  around: Surroundings,
  stack: Stack,
  names: ReadonlyMap<string, string>,
): Promise<ReadStack> {
  const files: { path: string; text: string }[] = []
  const unread = new Map<string, MagosError>()
  for (const file of stack.files) {
    const path = names.get(file) ?? around.given(file)
    try {
      files.push({ path, text: await io.readFile(path) })
    } catch (error) {
      if (!(error instanceof MagosError)) throw error
      unread.set(path, error)
    }
  }
  const given = around.given(stack.directory)
  const directory = given === '.' ? '' : given
  return { source: { files, directory, environment: stack.options.envFiles }, unread }
}
