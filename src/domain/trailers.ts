/** The keys that Magos writes: https://git-scm.com/docs/git-interpret-trailers */
const line = /^Magos-([A-Z][a-z]+): (\S.*)$/u

/**
 * Magos's own trailers by their names, such as `To`, each with all its values. They are taken wherever they stand, for a
 * squashed pull request has others below them; what Magos quotes is indented.
 */
export function magosTrailers(message: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>()
  for (const text of message.split(/\r?\n/)) {
    const [, name, value] = line.exec(text) ?? []
    if (name === undefined || value === undefined) continue
    found.set(name, [...(found.get(name) ?? []), value.trimEnd()])
  }
  return found
}

/** Whether a commit says of itself that Magos made it, on whichever host. */
export function isByMagos(message: string): boolean {
  const trailers = magosTrailers(message)
  return trailers.has('Host') && trailers.has('Image')
}

/** Whether it takes something back: such a commit is a person's will or a failure's end, and no update. */
export function takesBack(message: string): boolean {
  return magosTrailers(message).has('Reverts')
}
