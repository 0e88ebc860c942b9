import { MagosError } from '../../src/domain/error.ts'
import type { Stack } from '../../src/domain/stack.ts'
import type { Context, HostSettings } from '../context.ts'
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

/** A repository decides what runs in containers, and its host's owner alone what runs beside them. */
export function refuseHooks(
  { allowHooks }: Pick<HostSettings, 'allowHooks'>,
  { name, options }: Stack,
): void {
  const { before, after } = options.hooks
  if ((before === null && after === null) || allowHooks.includes(name)) return
  throw new MagosError('stack', `Run the hooks of stack "${name}": this host does not allow them`, {
    place: { file: '.magos.yaml' },
    remedy: `Add "${name}" to allowHooks in the daemon’s YAML, or take the hooks out of .magos.yaml`,
  })
}
