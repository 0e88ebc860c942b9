import { MagosError } from '../../src/domain/error.ts'
import type { Context } from '../context.ts'
import type { ResolvedStack } from './resolve-stack.ts'

/** Removes the networks that are to be made anew, whose containers are gone. Throws `stack` where one stays. */
export async function removeStaleNetworks(
  { engine, log }: Pick<Context, 'engine' | 'log'>,
  { source, staleNetworks }: ResolvedStack,
  signal: AbortSignal,
): Promise<void> {
  if (staleNetworks.length === 0) return
  const networks = await engine.removeNetworks(source.project, signal)
  log.info({ networks }, 'Removed networks that are made anew')
  const left = staleNetworks.find((name) => !networks.includes(name))
  if (left === undefined) return
  throw new MagosError('stack', `Make network "${left}" anew: it cannot be removed`, {
    remedy: `Look at what hangs on it, by its containers and by what "network rm ${left}" says`,
  })
}
