import { mergeScans } from '../domain/compose/merge-scans.ts'
import { noCompose } from '../domain/compose/no-compose.ts'
import { scanProject, type ScannedImage, type ScannedProject } from '../domain/compose/scan.ts'
import { parentOf } from '../domain/compose/tree-path.ts'
import { MagosError } from '../domain/error.ts'
import type { Problem } from '../domain/problem.ts'
import type { RepositorySettings } from '../domain/repository-settings.ts'
import { findFiles, readSettings } from './compose-files.ts'
import type { ExitCode, Io } from './io.ts'
import { lookAround } from './project-files.ts'
import { writeProblems } from './problems.ts'
import { table } from './table.ts'

/**
 * Lists the images of compose files; 1 when something is wrong with them. A folder is walked for the names that Compose
 * knows, a file is read whatever its name. The working directory's `.magos.yaml` presets annotations.
 */
export async function scanCommand(io: Io, paths: readonly string[]): Promise<ExitCode> {
  const { settings, problems } = await readSettings(io)
  const scans: ScannedProject[] = []
  const asked = await findFiles(io, paths)
  problems.push(...asked.problems)
  for (const [file, how] of asked.files) scans.push(await scanFile(io, file, how, settings))
  const found = mergeScans(scans)
  problems.push(...found.problems)
  if (io.format === 'json') {
    io.write(`${JSON.stringify({ images: found.images.map(toJson), problems })}\n`)
  } else {
    writeText(io, found.images, problems)
  }
  return problems.some(({ severity }) => severity === 'error') ? 1 : 0
}

async function scanFile(
  io: Io,
  file: string,
  how: 'named' | 'walked',
  settings: RepositorySettings,
): Promise<ScannedProject> {
  try {
    const text = await io.readFile(file)
    const source = { files: [{ path: file, text }], directory: parentOf(file) }
    const found = await lookAround(io, file, (files) => scanProject(source, files, settings))
    const odd = noCompose(file, text)
    // What nobody named may well be there for its networks alone.
    if (odd === null || (odd.severity === 'warning' && how === 'walked')) return found
    return { ...found, problems: [...found.problems, odd] }
  } catch (error) {
    if (!(error instanceof MagosError)) throw error
    const { code, message, remedy = 'Make it a readable UTF-8 file' } = error
    const problem = { file, line: 1, column: 1, severity: 'error', code, message, remedy } as const
    return { images: [], problems: [problem], texts: new Map(), services: null }
  }
}

function toJson({ image, text, policy, held, target, ...place }: ScannedImage): unknown {
  const { file, line, column, services, origin } = place
  return {
    file,
    line,
    column,
    services,
    image: text,
    policy: policy?.kind ?? null,
    held,
    reference: image?.text ?? null,
    origin,
    written: { file: target.file, line: target.line, column: target.column },
  }
}

function writeText(io: Io, images: readonly ScannedImage[], problems: readonly Problem[]): void {
  const rows = images.map(({ file, line, column, services, text, policy, held }) => [
    `${file}:${line}:${column}`,
    services.join(', '),
    text,
    policy?.kind ?? '-',
    held ?? '',
  ])
  if (rows.length > 0) io.write(table(io, ['PLACE', 'SERVICES', 'IMAGE', 'POLICY', 'HELD'], rows))
  else io.note('No images found\n')
  writeProblems(io, problems)
}
