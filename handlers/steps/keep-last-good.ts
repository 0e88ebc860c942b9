import type { ObservedContainer } from '../../src/domain/deployment.ts'
import type { LastGoodState, StackFile } from '../../src/ports.ts'
import type { Context } from '../context.ts'
import { provenServices } from './proof.ts'
import type { ResolvedStack } from './resolve-stack.ts'

/** When and where a state was seen to run well. */
export interface Sighting {
  readonly commit: string
  readonly at: number
  /** As the last look showed them. */
  readonly containers: readonly ObservedContainer[]
}

/**
 * Keeps what it takes to come back to a state, around the instant in which `record` calls it proven: whenever this
 * process dies, there is a kept state for the one that is recorded.
 */
export async function keepLastGood(
  { lastGood, source }: Pick<Context, 'lastGood' | 'source'>,
  resolved: ResolvedStack,
  sighting: Sighting,
  record: () => void,
  signal: AbortSignal,
): Promise<void> {
  const { stack, inputs } = resolved.source
  await lastGood.keep(await stateOf(source, resolved, sighting, signal))
  record()
  await lastGood.settle(stack.name, inputs)
}

async function stateOf(
  source: Context['source'],
  { source: origin, desired, provider }: ResolvedStack,
  { commit, at, containers }: Sighting,
  signal: AbortSignal,
): Promise<LastGoodState> {
  const { stack, project, inputs, tracked, untracked, sealed } = origin
  const files: StackFile[] = []
  // As git has it: what was laid or resolved may stand decrypted.
  for (const entry of origin.entries) {
    files.push({ ...entry, content: await source.read(entry, signal) })
  }
  return {
    stack,
    project,
    commit,
    inputs,
    tracked,
    sealed,
    provider: provider.name,
    services: provenServices(desired),
    files,
    untracked,
    images: imagesWithoutDigest(desired.services, containers),
    at,
  }
}

/** A tag may mean another image tomorrow, and what was built is known by nothing but its id. */
function imagesWithoutDigest(
  services: ResolvedStack['desired']['services'],
  containers: readonly ObservedContainer[],
): LastGoodState['images'] {
  return Object.fromEntries(
    services
      .filter(({ image, source }) => source === 'built' || image?.digest === null)
      .flatMap(({ name }) => {
        const container = containers.find(({ service }) => service === name)
        if (container === undefined || container.imageId === '') return []
        return [[name, { id: container.imageId, name: container.image }] as const]
      }),
  )
}
