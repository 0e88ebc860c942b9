import { resolve } from 'node:path'

/** The directories that paths in settings are relative to. */
export interface Bases {
  readonly homeDirectory: string
  readonly workingDirectory: string
}

/** An absolute path; `~` is the home directory, anything relative starts at the working directory. */
export function expandPath(text: string, { homeDirectory, workingDirectory }: Bases): string {
  if (text === '~') return homeDirectory
  if (text.startsWith('~/')) return resolve(homeDirectory, text.slice(2))
  return resolve(workingDirectory, text)
}
