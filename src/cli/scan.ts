import { scanComposeFile, type ScannedImage } from '../domain/compose/scan.ts'
import { MagosError } from '../domain/error.ts'
import type { Problem } from '../domain/problem.ts'
import type { RepositorySettings } from '../domain/repository-settings.ts'
import { findFiles, readSettings } from './compose-files.ts'
import type { ExitCode, Io } from './io.ts'
import { printable, table } from './table.ts'

/**
 * Lists the images of compose files; 1 when something is wrong with them. A folder is walked for the names that Compose
 * knows, a file is read whatever its name. The working directory's `.magos.yaml` presets annotations.
 */
export async function scanCommand(io: Io, paths: readonly string[]): Promise<ExitCode> {
  const { settings, problems } = await readSettings(io)
  const images: ScannedImage[] = []
  for (const file of await findFiles(io, paths)) {
    const result = await scanFile(io, file, settings)
    images.push(...result.images)
    problems.push(...result.problems)
  }
  if (io.format === 'json') {
    io.write(`${JSON.stringify({ images: images.map(toJson), problems })}\n`)
  } else {
    writeText(io, images, problems)
  }
  return problems.some(({ severity }) => severity === 'error') ? 1 : 0
}

async function scanFile(
  io: Io,
  file: string,
  settings: RepositorySettings,
): Promise<ReturnType<typeof scanComposeFile>> {
  try {
    return scanComposeFile(file, await io.readFile(file), settings)
  } catch (error) {
    if (!(error instanceof MagosError)) throw error
    const { code, message, remedy = 'Make it a readable UTF-8 file' } = error
    const place = { file, line: 1, column: 1 }
    return { images: [], problems: [{ ...place, severity: 'error', code, message, remedy }] }
  }
}

function toJson({ file, line, column, services, text, policy, held }: ScannedImage): unknown {
  return { file, line, column, services, image: text, policy: policy?.kind ?? null, held }
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
  for (const { file, line, column, severity, message, remedy } of problems) {
    io.note(`${printable(`${file}:${line}:${column}: ${severity}: ${message}`)}\n`)
    if (remedy !== undefined) io.note(`  ${printable(remedy)}\n`)
  }
}
