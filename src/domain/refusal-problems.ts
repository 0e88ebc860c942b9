import type { Problem } from './problem.ts'
import type { RefusedStack } from './stack.ts'

/**
 * Refused stacks as problems of their files, for nobody looks at their images, which whoever asks after them should know.
 * What stands in `told` already, as a fault of the settings does, is not told again.
 */
export function refusalProblems(
  refused: readonly RefusedStack[],
  told: readonly Problem[],
): readonly Problem[] {
  const places = new Set(told.map((one) => `${one.file}:${one.line}:${one.column} ${one.message}`))
  return refused.flatMap(({ file, line = 1, column = 1, reason, remedy }) =>
    places.has(`${file}:${line}:${column} ${reason}`)
      ? []
      : [{ file, line, column, severity: 'error', code: 'stack', message: reason, remedy }],
  )
}
