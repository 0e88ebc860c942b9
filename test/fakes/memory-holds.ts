import { MagosError } from '../../src/domain/error.ts'
import type { Hold } from '../../src/domain/hold.ts'
import type { Holds } from '../../src/ports.ts'

/** Holds in memory. */
export function createMemoryHolds(): Holds {
  const holds = new Map<string, Hold>()
  return {
    async hold(stack, hold) {
      await Promise.resolve()
      holds.set(checked(stack), hold)
    },
    async release(stack) {
      await Promise.resolve()
      const hold = holds.get(checked(stack)) ?? null
      holds.delete(stack)
      return hold
    },
    async held(stack) {
      await Promise.resolve()
      return holds.get(checked(stack)) ?? null
    },
    async all() {
      await Promise.resolve()
      return new Map([...holds].toSorted(([a], [b]) => (a < b ? -1 : 1)))
    },
  }
}

function checked(stack: string): string {
  if (/^[^./\0][^/\0]*$/u.test(stack)) return stack
  throw new MagosError('usage', `Find the hold of stack ${JSON.stringify(stack)}: it is no name`)
}
