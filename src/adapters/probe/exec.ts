import { MagosError } from '../../domain/error.ts'
import type { RunChild } from '../../host/process.ts'

export interface ExecContext {
  readonly runtime: 'podman' | 'docker'
  readonly run: RunChild
}

/** null where the command ended with 0 in the container; its output may hold anything and is not repeated. */
export async function execute(
  { runtime, run }: ExecContext,
  { container, command }: { readonly container: string; readonly command: readonly string[] },
  patience: number,
  signal: AbortSignal,
): Promise<string | null> {
  const args = ['exec', container, ...command]
  const { outcome, exitCode } = await run(runtime, args, { signal, timeout: patience })
  switch (outcome) {
    case 'exited':
      return exitCode === 0 ? null : `exit code ${exitCode}`
    case 'timed-out':
      return `not done within ${patience / 1000} s`
    case 'absent':
      throw new MagosError('engine', `Run "${runtime}": there is no such program`, {
        remedy: `Install ${runtime}, or set MD_RUNTIME to the engine that is installed`,
      })
    case 'killed':
    case 'cancelled':
      return `it was ${outcome}`
  }
}
