/** Breaks to YAML 1.1 or 1.2 that our parser takes for letters: a lone CR, NEL, LS, PS. */
const foreignBreak = /\r(?!\n)|[\u0085\u2028\u2029]/g

/**
 * Offset of the first line break that readers of YAML do not agree on; null where there is none. What one takes for the
 * rest of a comment is content to another. Within `quoted` ranges it is a letter or a blank to all of them.
 * https://yaml.org/spec/1.2.2/#54-line-break-characters
 */
export function disputedBreak(
  text: string,
  quoted: readonly (readonly [number, number])[],
): number | null {
  for (const { index } of text.matchAll(foreignBreak)) {
    if (!quoted.some(([from, to]) => from < index && index < to)) return index
  }
  return null
}
