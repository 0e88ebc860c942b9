import { MagosError } from '../../domain/error.ts'
import type { ChildResult, RunChild } from '../../host/process.ts'
import type { Hooks } from '../../ports.ts'

/** Bytes of its output that are kept: enough to see why. */
const KEPT = 64 << 10

/** Runs hooks as children like any other: scrubbed environment, a group of their own, ended at their deadline. */
export function createHooks({ run }: { readonly run: RunChild }): Hooks {
  return {
    async run({ command, directory, variables, deadline }, signal) {
      const [program = '', ...args] = command
      const result = await run(program, args, {
        cwd: directory,
        env: variables,
        timeout: deadline,
        maxOutput: KEPT,
        signal,
      })
      if (result.outcome === 'cancelled') {
        throw new MagosError('interrupted', `Run hook "${program}": interrupted`)
      }
      const output = `${result.stdout}${result.stderr}`
      const reason = failureOf(result, deadline)
      return reason === null
        ? { outcome: 'succeeded', output }
        : { outcome: 'failed', reason: `"${program}" ${reason}`, output }
    },
  }
}

function failureOf({ outcome, exitCode }: ChildResult, deadline: number): string | null {
  switch (outcome) {
    case 'exited':
      return exitCode === 0 ? null : `exited with ${exitCode}`
    case 'timed-out':
      return `was not done within ${deadline / 1000} s`
    case 'absent':
      return 'is not there'
    case 'killed':
    case 'cancelled':
      return `was ${outcome}`
  }
}
