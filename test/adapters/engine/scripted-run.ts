import type { ChildResult, RunChild } from '../../../src/host/process.ts'

/** A RunChild that answers by a function of the words, and keeps what it was asked. */
export interface ScriptedRun {
  readonly run: RunChild
  readonly calls: { readonly words: string; readonly env: Readonly<Record<string, string>> }[]
}

export type Answer = Partial<ChildResult>

export function scriptedRun(answer: (words: string) => Answer | undefined): ScriptedRun {
  const calls: ScriptedRun['calls'] = []
  return {
    calls,
    async run(command, args, { env = {} }) {
      const words = [command, ...args].join(' ')
      calls.push({ words, env })
      const given = answer(words) ?? { exitCode: 125, stderr: `unexpected: ${words}` }
      const stdout = given.stdout ?? ''
      return await Promise.resolve({
        outcome: 'exited',
        exitCode: given.outcome === undefined ? 0 : null,
        stderr: '',
        ...given,
        stdout,
        stdoutBytes: Buffer.from(stdout),
      })
    },
  }
}
