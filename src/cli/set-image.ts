import { setImage } from '../domain/compose/edit.ts'
import { MagosError } from '../domain/error.ts'
import type { ExitCode, Io } from './io.ts'
import { printable } from './table.ts'

/** Writes one service's image by hand. Throws `edit` or `reference` when it cannot be exact; then the file is untouched. */
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
  const before = await io.readFile(file)
  const { text, ...edit } = setImage(file, before, service, ref)
  if (text !== before) await io.replaceFile(file, text)
  if (io.format === 'json') {
    const { line, column, services } = edit
    const answer = { file, line, column, before: edit.before, after: edit.after, services }
    io.write(`${JSON.stringify(answer)}\n`)
  } else {
    const change = text === before ? `unchanged: ${edit.after}` : `${edit.before} → ${edit.after}`
    const services = edit.services.join(', ')
    io.write(`${printable(`${file}:${edit.line}:${edit.column}: ${services}: ${change}`)}\n`)
  }
  return 0
}
