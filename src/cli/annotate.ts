import { annotateComposeFile, type Annotated } from '../domain/compose/annotate.ts'
import { MagosError } from '../domain/error.ts'
import type { Problem } from '../domain/problem.ts'
import { findFiles, readSettings } from './compose-files.ts'
import type { ExitCode, Io } from './io.ts'
import { writeProblems } from './problems.ts'
import { table } from './table.ts'

/**
 * Proposes an annotation for every image line of compose files that has none, and writes them where it is told to. 1
 * when something is wrong with the files; a line that gets none for a good reason is no problem.
 */
export async function annotateCommand(
  io: Io,
  paths: readonly string[],
  mode: 'propose' | 'write',
): Promise<ExitCode> {
  if (paths.includes('-')) {
    throw new MagosError('usage', 'Cannot annotate "-": standard input is no file', {
      remedy: 'Name compose files or directories',
    })
  }
  const { settings, problems } = await readSettings(io)
  const found: Annotated[] = []
  const asked = await findFiles(io, paths)
  problems.push(...asked.problems)
  for (const file of asked.files.keys()) {
    const before = await read(io, file, problems)
    if (before === null) continue
    const annotated = annotateComposeFile(file, before, settings)
    if (mode === 'write' && annotated.text !== before) await io.replaceFile(file, annotated.text)
    found.push(annotated)
    problems.push(...annotated.problems)
  }
  if (io.format === 'json') io.write(`${JSON.stringify(toJson(found, problems, mode))}\n`)
  else writeText(io, found, problems, mode)
  return problems.some(({ severity }) => severity === 'error') ? 1 : 0
}

/** A file that cannot be read stops no other. */
async function read(io: Io, file: string, problems: Problem[]): Promise<string | null> {
  try {
    return await io.readFile(file)
  } catch (error) {
    if (!(error instanceof MagosError)) throw error
    const { code, message, remedy = 'Make it a readable UTF-8 file' } = error
    problems.push({ file, line: 1, column: 1, severity: 'error', code, message, remedy })
    return null
  }
}

function toJson(
  found: readonly Annotated[],
  problems: readonly Problem[],
  mode: 'propose' | 'write',
): unknown {
  return {
    proposals: found.flatMap(({ proposals }) =>
      proposals.map(({ image, comment, reason }) => {
        const { file, line, column, services, text } = image
        return { file, line, column, services, image: text, comment, reason }
      }),
    ),
    skipped: found.flatMap(({ skipped }) =>
      skipped.map(({ image, reason }) => {
        const { file, line, column, services, text } = image
        return { file, line, column, services, image: text, reason }
      }),
    ),
    problems,
    written: mode === 'write',
  }
}

function writeText(
  io: Io,
  found: readonly Annotated[],
  problems: readonly Problem[],
  mode: 'propose' | 'write',
): void {
  const proposals = found.flatMap((one) => one.proposals)
  const skipped = found.flatMap((one) => one.skipped)
  if (proposals.length > 0) {
    const rows = proposals.map(({ image: { file, line, text }, comment, reason }) => [
      `${file}:${line}`,
      text,
      comment,
      reason,
    ])
    io.write(table(io, ['WHERE', 'IMAGE', 'ANNOTATION', 'WHY'], rows))
  }
  if (skipped.length > 0) {
    const rows = skipped.map(({ image: { file, line, text }, reason }) => [
      `${file}:${line}`,
      text,
      reason,
    ])
    io.write(table(io, ['WHERE', 'LEFT ALONE', 'WHY'], rows))
  }
  writeProblems(io, problems)
  const done = mode === 'write' ? 'written' : 'proposed; --write writes them'
  io.write(`${proposals.length} annotations ${done}\n`)
}
