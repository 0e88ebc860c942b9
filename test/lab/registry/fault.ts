import type { LabAnswer } from './message.ts'

/** Something that goes wrong with matching requests, `times` times. */
export interface Fault {
  readonly method?: RegExp
  /** Against path and query. */
  readonly path?: RegExp
  /** Default 1; Infinity for always. */
  readonly times?: number
  /** ms before anything else happens. */
  readonly delay?: number
  /** Instead of the registry's own answer. */
  readonly answer?: LabAnswer
  /** `reset`: the connection is cut without an answer; `truncate`: in the middle of the body. */
  readonly cut?: 'reset' | 'truncate'
}

/** Faults in waiting, first come first served. */
export interface FaultPlan {
  add(fault: Fault): void
  clear(): void
  /** The fault for this request, used up once; null for none. */
  take(method: string, pathAndQuery: string): Fault | null
}

export function createFaultPlan(): FaultPlan {
  let waiting: { readonly fault: Fault; left: number }[] = []
  return {
    add(fault) {
      waiting.push({ fault, left: fault.times ?? 1 })
    },
    clear() {
      waiting = []
    },
    take(method, pathAndQuery) {
      const found = waiting.find(
        ({ fault }) =>
          (fault.method?.test(method) ?? true) && (fault.path?.test(pathAndQuery) ?? true),
      )
      if (found === undefined) return null
      found.left -= 1
      if (found.left <= 0) waiting = waiting.filter((entry) => entry !== found)
      return found.fault
    },
  }
}
