import type { DesiredService } from '../../src/domain/deploy/desired-state.ts'
import type { LastGoodState } from '../../src/ports.ts'
import type { Context } from '../context.ts'
import { changedServices, type ResolvedStack } from './resolve-stack.ts'

/**
 * Where no digest names an image its name goes back to the one that ran, and nothing is pulled or built for it. One that
 * is gone is had anew, which may be another.
 */
export async function readyImages(
  ctx: Context,
  resolved: ResolvedStack,
  { images }: LastGoodState,
  signal: AbortSignal,
): Promise<ResolvedStack> {
  const here = new Map<string, string>()
  for (const { name } of changedServices(resolved)) {
    const image = images[name]
    if (image === undefined) continue
    const outcome = await ctx.engine.tag(image.id, image.name, signal)
    if (outcome === 'tagged') here.set(name, image.name)
    else
      ctx.log.warn({ service: name, image: image.name }, 'Image that ran is gone: having it anew')
  }
  return here.size === 0 ? resolved : withoutPulls(resolved, here)
}

function withoutPulls(resolved: ResolvedStack, here: ReadonlyMap<string, string>): ResolvedStack {
  const { services, document } = resolved.desired
  const definitions = Object.entries(document.services).map(([name, definition]) => {
    const image = here.get(name)
    return [name, image === undefined ? definition : asImage(definition, image)] as const
  })
  return {
    ...resolved,
    desired: {
      services: services.map((service) =>
        here.has(service.name) ? neverPulled(service) : service,
      ),
      document: { ...document, services: Object.fromEntries(definitions) },
    },
  }
}

/** Nothing is built where the image is here. */
function asImage(definition: Readonly<Record<string, unknown>>, image: string) {
  const rest = Object.entries(definition).filter(([key]) => key !== 'build')
  return { ...Object.fromEntries(rest), image }
}

function neverPulled(service: DesiredService): DesiredService {
  return { ...service, pull: 'never' }
}
