import { readProject } from '../domain/compose/project.ts'
import { setImage } from '../domain/compose/set-image.ts'
import { parentOf } from '../domain/compose/tree-path.ts'
import { MagosError } from '../domain/error.ts'
import type { ExitCode, Io } from './io.ts'
import { lookAround } from './project-files.ts'
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
  const text = await io.readFile(file)
  const source = { files: [{ path: file, text }], directory: parentOf(file) }
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
