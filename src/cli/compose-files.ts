import { composeNames, isComposeFile } from '../domain/compose/file-names.ts'
import { MagosError } from '../domain/error.ts'
import type { Problem } from '../domain/problem.ts'
import { parseRepositorySettings, type RepositorySettings } from '../domain/repository-settings.ts'
import type { Io } from './io.ts'

const settingsFile = '.magos.yaml'

/** A repository's `.magos.yaml`, which presets annotations; that of the working directory by default. */
export async function readSettings(
  io: Io,
  file: string = settingsFile,
): Promise<{ readonly settings: RepositorySettings; readonly problems: Problem[] }> {
  const text = await io.readFile(file).catch((error: unknown) => {
    if (isAbsence(error)) return null
    throw error
  })
  const { settings, problems } = parseRepositorySettings(file, text)
  return { settings, problems: [...problems] }
}

/** A file that is there and cannot be read is no absence. */
function isAbsence(error: unknown): boolean {
  if (!(error instanceof MagosError) || error.code !== 'usage') return false
  const { cause } = error
  return !(cause instanceof Error) || !('code' in cause) || cause.code === 'ENOENT'
}

/** Compose files that were asked for. */
export interface FoundFiles {
  /** In order, each with how it was asked for: by its own name, or as one of a folder's. */
  readonly files: ReadonlyMap<string, HowFound>
  /** Folders that were named, each with all files in it. */
  readonly folders: ReadonlyMap<string, readonly string[]>
  /** Folders without any. */
  readonly problems: readonly Problem[]
}

export type HowFound = 'named' | 'walked'

/** A folder is walked for the names that Compose knows, a file is taken whatever its name. */
export async function findFiles(io: Io, paths: readonly string[]): Promise<FoundFiles> {
  const found = new Map<string, HowFound>()
  const folders = new Map<string, readonly string[]>()
  const problems: Problem[] = []
  for (const path of paths.length === 0 ? ['.'] : paths) {
    const files = path === '-' ? [path] : await io.listFiles(path)
    const isFolder = files.length !== 1 || files[0] !== path
    const wanted = isFolder ? files.filter((file) => isStackFile(path, file)) : files
    for (const file of wanted.toSorted()) {
      if (!isFolder) found.set(file, 'named')
      else if (!found.has(withoutDot(file))) found.set(withoutDot(file), 'walked')
    }
    if (isFolder) folders.set(path, files.map(withoutDot))
    if (wanted.length === 0) problems.push(barren(path))
  }
  return { files: found, folders, problems }
}

function barren(folder: string): Problem {
  const names = composeNames.join(', ')
  return {
    file: folder,
    line: 1,
    column: 1,
    severity: 'warning',
    code: 'usage',
    message: `Cannot find compose files below "${folder}": there is none of ${names}`,
    remedy: 'Name another folder, or a compose file of another name itself',
  }
}

/** Below a dotted directory there are no stacks, unless it is the one that was asked for. */
function isStackFile(folder: string, file: string): boolean {
  const root = `${withoutDot(folder).replace(/\/+$/, '')}/`
  const path = withoutDot(file)
  const parts = (path.startsWith(root) ? path.slice(root.length) : path).split('/')
  const name = parts.pop() ?? ''
  return isComposeFile(name) && !parts.some((part) => /^\.[^.]/.test(part))
}

function withoutDot(path: string): string {
  return path === '.' ? '' : path.replace(/^(?:\.\/+)+/, '')
}
