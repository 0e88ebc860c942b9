import { LABEL } from '../../src/domain/deploy/labels.ts'
import type { ObservedContainer } from '../../src/domain/deployment.ts'
import type { Context } from '../context.ts'
import { maskValues, valuesOf } from './mask-values.ts'
import { isBroken } from './remake-broken.ts'
import { containersOf, type ResolvedStack } from './resolve-stack.ts'

/** Lines of output that tell why. */
const LAST_LINES = 20

/**
 * What the containers in trouble wrote last: the reason mostly stands there. It stays in this host's own log, and a
 * program that repeats its settings tells there none of the values that it was given.
 */
export async function lastWords(
  ctx: Pick<Context, 'engine'>,
  resolved: ResolvedStack,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>>> {
  const observed = await ctx.engine.observe(signal)
  const containers = containersOf(resolved.source.project, observed)
  const troubled = containers.filter((one) => isBroken(one) && isDesired(resolved, one))
  const { values, unknown } = valuesOf(resolved)
  const words = troubled.map(async ({ id, service }) => {
    if (unknown !== null) return [service, `kept back: what "${unknown}" holds is not known here`]
    return [service, tail(maskValues(await ctx.engine.logs(id, LAST_LINES, signal), values))]
  })
  return Object.fromEntries(await Promise.all(words))
}

/** Nobody knows any more which values a container of an older state was given. */
function isDesired({ desired }: ResolvedStack, { service, labels }: ObservedContainer): boolean {
  return desired.services.some(({ name, hash }) => name === service && labels[LABEL.hash] === hash)
}

/** The last of what somebody said, enough to see why. */
export function tail(output: string): string {
  return output.trimEnd().split('\n').slice(-LAST_LINES).join('\n')
}
