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
    const [, stamp, text] = /^(\d{4}-\d\d-\d\dT\S+) ?(.*)$/.exec(line) ?? []
    if (stamp === undefined) return []
    return [{ time: Date.parse(stamp), text: withoutStamps(text ?? '', stamp) }]
  })
  const ordered = stamped.toSorted((one, other) => one.time - other.time)
  return ordered
    .slice(-lines)
    .map(({ text }) => `${text}\n`)
    .join('')
}

const STAMP = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}(?:Z|[+-]\d\d:\d\d) /g

/**
 * podman 5 stamps every piece of a line that was written in several, and a secret with a stamp in its midst would be
 * known by nobody. What an application stamps itself is older than the line.
 */
function withoutStamps(text: string, first: string): string {
  return text.replace(STAMP, (stamp) => (stamp < first ? stamp : ''))
}
