import { readProject, type ProjectSource } from '../domain/compose/project.ts'
import { setImage } from '../domain/compose/set-image.ts'
import { parentOf } from '../domain/compose/tree-path.ts'
import { MagosError } from '../domain/error.ts'
import type { ExitCode, Io } from './io.ts'
import { lookAround } from './project-files.ts'
import { readStack } from './read-stack.ts'
import { readRepository } from './repository.ts'
import { printable } from './table.ts'

/**
 * Writes one service's image by hand, in the file that owns it. Throws `edit` or `reference` when it cannot be exact; then
 * nothing is touched.
 */
export async function setImageCommand(
  io: Io,
  file: string,
  service: string,
  ref: string,
): Promise<ExitCode> {
  if (file === '-') {
    throw new MagosError('usage', 'Cannot edit "-": standard input is no file', {
      remedy: 'Name the compose file',
    })
  }
  const source = await sourceOf(io, file)
  const project = await lookAround(io, file, (files) => readProject(source, files))
  const edit = setImage(project, file, service, ref)
  if (edit.change === 'changed') await io.replaceFile(edit.file, edit.text)
  if (io.format === 'json') {
    const { file: owner, line, column, before, after, services } = edit
    io.write(`${JSON.stringify({ file: owner, line, column, before, after, services })}\n`)
  } else {
    const { file: owner, line, column, before, after } = edit
    const change = edit.change === 'changed' ? `${before} → ${after}` : `unchanged: ${after}`
    const services = edit.services.join(', ')
    io.write(`${printable(`${owner}:${line}:${column}: ${services}: ${change}`)}\n`)
  }
  return 0
}

/** The stack that the file belongs to, as the daemon reads it; else the file alone. */
async function sourceOf(io: Io, file: string): Promise<ProjectSource> {
  const text = await io.readFile(file)
  const alone = { files: [{ path: file, text }], directory: parentOf(file) }
  const around = await io.surroundings(file)
  if (around === null) return alone
  const repository = await readRepository(io, around, { files: [around.path], all: null })
  const stack = repository.stackOf(around.path)
  if (stack === null) return alone
  const { source, unread } = await readStack(io, around, stack, new Map([[around.path, file]]))
  for (const error of unread.values()) throw error
  return source
}
