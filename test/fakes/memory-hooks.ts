import { MagosError } from '../../src/domain/error.ts'
import type { HookOutcome, HookRequest, Hooks } from '../../src/ports.ts'

/** Runs nothing: what a program does has been said before, and every other one succeeds. */
export interface MemoryHooks extends Hooks {
  /** What was run, in order. */
  readonly ran: readonly HookRequest[]
  answer(program: string, outcome: HookOutcome): void
}

export function createMemoryHooks(): MemoryHooks {
  const answers = new Map<string, HookOutcome>()
  const ran: HookRequest[] = []
  return {
    ran,
    answer: (program, outcome) => void answers.set(program, outcome),
    async run(request, signal) {
      await Promise.resolve()
      const [program = ''] = request.command
      if (signal.aborted) throw new MagosError('interrupted', `Run hook "${program}": interrupted`)
      ran.push(request)
      return answers.get(program) ?? { outcome: 'succeeded', output: '' }
    },
  }
}
