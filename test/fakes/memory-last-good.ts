import { MagosError } from '../../src/domain/error.ts'
import type { LastGood, LastGoodState } from '../../src/ports.ts'

/** Last good states in memory, by stack and inputs. */
export function createMemoryLastGood(): LastGood {
  const stacks = new Map<string, Map<string, LastGoodState>>()
  const of = (stack: string): Map<string, LastGoodState> => {
    if (!/^[^./\0][^/\0]*$/u.test(stack)) {
      throw new MagosError('stack', `Find the last good state of ${JSON.stringify(stack)}: no name`)
    }
    const known = stacks.get(stack) ?? new Map<string, LastGoodState>()
    stacks.set(stack, known)
    return known
  }
  return {
    async keep(state) {
      await Promise.resolve()
      of(state.stack.name).set(state.inputs, structuredClone(state))
    },
    async settle(stack, inputs) {
      await Promise.resolve()
      const known = of(stack)
      if (!known.has(inputs)) return
      for (const one of known.keys()) if (one !== inputs) known.delete(one)
    },
    async recall(stack, inputs) {
      await Promise.resolve()
      const known = of(stack)
      if (inputs !== null) return known.get(inputs) ?? null
      return [...known.values()].toSorted((a, b) => b.at - a.at)[0] ?? null
    },
    async stacks() {
      await Promise.resolve()
      return [...stacks].flatMap(([stack, { size }]) => (size > 0 ? [stack] : [])).toSorted()
    },
    async forget(stack) {
      await Promise.resolve()
      of(stack).clear()
    },
  }
}
