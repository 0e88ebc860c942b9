import { askEngine } from './command.ts'
import type { EngineCommand } from './command.ts'

/** The last lines of both outputs in the order of their time; empty for a container that is gone or keeps no log. */
export async function containerLogs(
  engine: EngineCommand,
  id: string,
  lines: number,
  signal: AbortSignal,
): Promise<string> {
  const args = ['logs', '--timestamps', '--tail', String(lines), id]
  const result = await askEngine(engine, args, { signal })
  if (result.exitCode !== 0) return ''
  const stamped = [...result.stdout.split('\n'), ...result.stderr.split('\n')].flatMap((line) => {
    const [, time, text] = /^(\d{4}-\d\d-\d\dT\S+) ?(.*)$/.exec(line) ?? []
    return time === undefined ? [] : [{ time: Date.parse(time), text: text ?? '' }]
  })
  const ordered = stamped.toSorted((one, other) => one.time - other.time)
  return ordered
    .slice(-lines)
    .map(({ text }) => `${text}\n`)
    .join('')
}
