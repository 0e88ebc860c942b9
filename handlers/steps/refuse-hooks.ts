import { MagosError } from '../../src/domain/error.ts'
import type { Stack } from '../../src/domain/stack.ts'
import type { HostSettings } from '../context.ts'

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
