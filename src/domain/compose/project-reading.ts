import type { Problem } from '../problem.ts'
import { parseEnvironmentFile, type EnvironmentFile } from './environment-file.ts'
import type { Text } from './node-text.ts'
import type { Opened, ProjectFiles } from './project-files.ts'
import type { YamlFile } from './yaml-file.ts'

/** The files of a project as they are opened, and what is wrong with how they are named. */
export interface Reading {
  readonly files: ProjectFiles
  readonly environment: Map<string, EnvironmentFile>
  /** By place and message, so that nothing is told twice. */
  readonly problems: Map<string, Problem>
}

/** A file that leads to others. */
interface Asking {
  readonly yaml: YamlFile
  /** What its paths are relative to. */
  readonly base: string
}

/** The file that `written` names, `unread` where somebody has to read it first; null where it is reported as a problem. */
export function open(
  reading: Reading,
  from: Asking,
  written: Text,
  what: string,
): Extract<Opened, { readonly kind: 'file' }> | 'unread' | null {
  const opened = reading.files.open(from.base, written.value)
  if (opened.kind === 'file') return opened
  if (opened.kind === 'unread') return 'unread'
  if (opened.kind === 'refused') report(reading, from, written, what, opened)
  if (opened.kind === 'absent') {
    const remedy = 'Commit the file, or correct its path'
    report(reading, from, written, what, { reason: 'there is no such file', remedy })
  }
  return null
}

/** Notes a problem of what a file says. */
export function report(
  { problems }: Reading,
  { yaml }: Pick<Asking, 'yaml'>,
  { value, offset }: Text,
  what: string,
  { reason, remedy }: { readonly reason: string; readonly remedy: string },
): void {
  const place = yaml.place(offset)
  const message = `Cannot follow ${what} ${JSON.stringify(value)}: ${reason}`
  const { file } = yaml
  problems.set(JSON.stringify([file, place, message]), {
    file,
    ...place,
    severity: 'error',
    code: 'compose',
    message,
    remedy,
  })
}

/** What a project's variables come from, the first one that sets a variable rules. */
export function environmentOfProject(
  reading: Reading,
  {
    directory,
    environment = null,
  }: { readonly directory: string; readonly environment?: readonly string[] | null },
): readonly EnvironmentFile[] {
  if (environment === null) return environmentIn(reading, directory)
  return environment.toReversed().flatMap((path) => {
    const opened = reading.files.open(directory, path)
    return opened.kind === 'file' ? [environmentOf(reading, opened)] : []
  })
}

/** Compose reads the variables of a project from the `.env` in its directory. */
export function environmentIn(reading: Reading, directory: string): readonly EnvironmentFile[] {
  const opened = reading.files.open(directory, '.env')
  return opened.kind === 'file' ? [environmentOf(reading, opened)] : []
}

/** One that an `include` names. */
export function environmentFile(
  reading: Reading,
  from: Asking,
  written: Text,
): readonly EnvironmentFile[] {
  const opened = open(reading, from, written, 'include.env_file')
  return opened === null || opened === 'unread' ? [] : [environmentOf(reading, opened)]
}

function environmentOf(
  { environment }: Reading,
  { path, text }: { readonly path: string; readonly text: string },
): EnvironmentFile {
  const file = environment.get(path) ?? parseEnvironmentFile(path, text)
  environment.set(path, file)
  return file
}
