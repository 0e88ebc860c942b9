import { InvalidArgumentError } from 'commander'
import type { Adding } from './adding.ts'
import type { Operations } from './operations.ts'

/** What this host remembers. */
export function addMemoryCommands(
  operations: Pick<Operations, 'explain' | 'history' | 'status'>,
  { add, choose }: Adding,
): void {
  add('status', 'show what runs on this host').action(() =>
    choose(async (out) => {
      const { printStatus } = await import('./status.ts')
      return printStatus(out, await operations.status())
    }),
  )
  add('history [stack]', 'what was deployed here, newest first')
    .option('--limit <number>', 'so many at the most', readLimit, 50)
    .action((stack: string | undefined, { limit }: { readonly limit: number }) =>
      choose(async (io) => {
        const { printHistory } = await import('./history.ts')
        return printHistory(io, await operations.history(stack ?? null, limit))
      }),
    )
  add('explain <stack>', 'why a stack is as it is, what waits, and what you can do').action(
    (stack: string) =>
      choose(async (io) => {
        const { printExplain } = await import('./explain.ts')
        return printExplain(io, await operations.explain(stack))
      }),
  )
}

function readLimit(text: string): number {
  const limit = Number(text)
  if (Number.isSafeInteger(limit) && limit > 0) return limit
  throw new InvalidArgumentError('It is no number from 1 on.')
}
