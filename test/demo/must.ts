/** Throws unless it is so: a step of the demo that does not hold ends it. */
export function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(`Not as it must be: ${what}`)
}
