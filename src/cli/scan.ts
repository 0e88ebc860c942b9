import { scanComposeFile, type ScannedImage } from '../domain/compose/scan.ts'
import { asMagosError, MagosError } from '../domain/error.ts'
import type { Problem } from '../domain/problem.ts'
import { parseRepositorySettings, type RepositorySettings } from '../domain/repository-settings.ts'
import { isComposeFile } from '../domain/stack.ts'
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

const settingsFile = '.magos.yaml'

async function readSettings(
  io: Io,
): Promise<{ readonly settings: RepositorySettings; readonly problems: Problem[] }> {
  const text = await io.readFile(settingsFile).catch((error: unknown) => {
    if (isAbsence(error)) return null
    throw error
  })
  const { settings, problems } = parseRepositorySettings(settingsFile, text)
  return { settings, problems: [...problems] }
}

/** A file that is there and cannot be read is no absence. */
function isAbsence(error: unknown): boolean {
  if (!(error instanceof MagosError) || error.code !== 'usage') return false
  const { cause } = error
  return !(cause instanceof Error) || !('code' in cause) || cause.code === 'ENOENT'
}

interface FoundFile {
  readonly path: string
  /** Whether the user gave this very file, so that failing to read it is a mistake of theirs. */
  readonly found: 'named' | 'walked'
}

async function findFiles(io: Io, paths: readonly string[]): Promise<readonly FoundFile[]> {
  const found = new Map<string, FoundFile>()
  for (const path of paths.length === 0 ? ['.'] : paths) {
    const files = path === '-' ? [path] : await io.listFiles(path)
    if (files.length === 1 && files[0] === path) {
      found.set(path, { path, found: 'named' })
      continue
    }
    for (const file of files.toSorted()) {
      const shown = path === '.' ? file.replace(/^\.\//, '') : file
      if (isWanted(path, file) && !found.has(shown)) {
        found.set(shown, { path: shown, found: 'walked' })
      }
    }
  }
  return [...found.values()]
}

/** Below a dotted directory there are no stacks. */
function isWanted(root: string, file: string): boolean {
  const parts = file.slice(file.startsWith(root) ? root.length : 0).split('/')
  const name = parts.pop() ?? ''
  const isHidden = parts.some((part) => part.startsWith('.') && part !== '.' && part !== '..')
  return !isHidden && isComposeFile(name)
}

async function scanFile(
  io: Io,
  { path, found }: FoundFile,
  settings: RepositorySettings,
): Promise<ReturnType<typeof scanComposeFile>> {
  try {
    return scanComposeFile(path, await io.readFile(path), settings)
  } catch (error) {
    if (found === 'named') throw error
    const { code, message, remedy } = asMagosError(error)
    const place = { file: path, line: 1, column: 1 }
    const problem = { ...place, severity: 'error' as const, code, message }
    return { images: [], problems: [remedy === undefined ? problem : { ...problem, remedy }] }
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
