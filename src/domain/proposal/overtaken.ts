/** Stands in the body of a pull request that Magos closed itself. GitHub shows no comment of HTML. */
const mark = '<!-- magos: overtaken -->'

/** The body of a pull request that is closed because its time is over, with the word why. */
export function overtakenBody(body: string, why: string): string {
  const note = `${mark}\n> Closed by Magos: ${why}.\n\n`
  // GitHub refuses more than 65,536 characters, and what was proposed counts less than why it is closed.
  return isOvertaken(body) ? body : note + body.slice(0, 65_000 - note.length)
}

/** Whether Magos closed it, and no person. */
export function isOvertaken(body: string): boolean {
  return body.includes(mark)
}
