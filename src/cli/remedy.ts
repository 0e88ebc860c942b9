import type { Guidance } from '../domain/guidance.ts'

/** A remedy as a sentence of its own; where it ends one it begins in lower case. */
export function remedySentence(remedy: string): string {
  return remedy.charAt(0).toUpperCase() + remedy.slice(1)
}

/** What is wrong and what to do about it, in one line. */
export function withRemedy(reason: string, remedy: string | undefined): string {
  return remedy === undefined ? reason : `${reason}. ${remedySentence(remedy)}`
}

/** What is wrong behind its place in the repository, where it has one. */
export function placed(reason: string, { file, line, column }: Guidance): string {
  const where = [file, line, column].filter((part) => part !== undefined).join(':')
  return where === '' ? reason : `${where}: ${reason}`
}
