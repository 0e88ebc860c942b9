/** A remedy as a sentence of its own; where it ends one it begins in lower case. */
export function remedySentence(remedy: string): string {
  return remedy.charAt(0).toUpperCase() + remedy.slice(1)
}

/** What is wrong and what to do about it, in one line. */
export function withRemedy(reason: string, remedy: string | undefined): string {
  return remedy === undefined ? reason : `${reason}. ${remedySentence(remedy)}`
}
