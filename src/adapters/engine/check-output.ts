import { askEngine } from './command.ts'
import type { EngineCommand } from './command.ts'
import { at, numberAt, parseDocuments, textAt } from './json.ts'

/** What a container's health check said when it failed last; empty where it did not, and for a container that is gone. */
export async function failedCheckOutput(
  engine: EngineCommand,
  id: string,
  signal: AbortSignal,
): Promise<string> {
  const { exitCode, stdout } = await askEngine(engine, ['inspect', '--type', 'container', id], {
    signal,
  })
  const [document] = exitCode === 0 ? (parseDocuments(stdout) ?? []) : []
  const runs = at(document, 'State', 'Health', 'Log')
  const failed = Array.isArray(runs)
    ? runs.findLast((run) => numberAt(run, 'ExitCode') !== 0)
    : undefined
  return textAt(failed, 'Output').trim()
}
