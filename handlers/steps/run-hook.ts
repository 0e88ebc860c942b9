import type { Context } from '../context.ts'
import { tail } from './last-words.ts'
import { maskValues, valuesOf } from './mask-values.ts'
import type { ResolvedStack } from './resolve-stack.ts'

/** Runs a stack's hook where it has one: null where nothing stands in the way, else why not. */
export async function runHook(
  { hooks, log }: Pick<Context, 'hooks' | 'log'>,
  resolved: ResolvedStack,
  when: 'before' | 'after',
  signal: AbortSignal,
): Promise<{ readonly reason: string; readonly output: string } | null> {
  const { stack, home, project } = resolved.source
  const { [when]: command, deadline } = stack.options.hooks
  if (command === null) return null
  const variables = { MAGOS_STACK: stack.name, MAGOS_PROJECT: project, MAGOS_HOOK: when }
  const ended = await hooks.run({ command, directory: home, variables, deadline }, signal)
  const output = tail(maskValues(ended.output, valuesOf(resolved).values))
  log.info({ hook: when, output }, `Hook "${when}" ${ended.outcome}`)
  if (ended.outcome === 'succeeded') return null
  return { reason: `hook "${when}" failed: ${ended.reason}`, output }
}
