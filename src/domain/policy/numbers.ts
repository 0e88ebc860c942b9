/** The numbers of a tag such as `1.2.3.4`; null when there is anything else in it, or one beyond 2^53 - 1. */
export function readNumbers(text: string): readonly number[] | null {
  if (!/^[0-9]+(?:\.[0-9]+)*$/.test(text)) return null
  const numbers = text.split('.').map(Number)
  return numbers.every(Number.isSafeInteger) ? numbers : null
}

/** Below zero when `a` is lower; both of as many numbers. */
export function compareParts(a: readonly number[], b: readonly number[]): number {
  for (let index = 0; index < a.length; index += 1) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/** `1 number`, `3 numbers`. */
export function countText(count: number): string {
  return `${count} number${count === 1 ? '' : 's'}`
}
