import type { ObservedContainer } from '../../src/domain/deployment.ts'
import { tellingOrigin } from '../../src/domain/origin.ts'
import type { Removal } from '../../src/ports.ts'
import type { Context } from '../context.ts'
import type { RepositoryView } from '../views.ts'

const LEFT = 'it left the repository'

/** For the record: that the containers of a stack are gone, and since when git did not have it. */
export function removalOf(
  { tombstones, origins, now }: Pick<Context, 'tombstones' | 'origins' | 'now'>,
  { revision }: Pick<RepositoryView, 'revision'>,
  stack: string,
  containers: readonly ObservedContainer[],
): Removal {
  const seen = tombstones.all().find((one) => one.stack === stack)?.at ?? now
  const services = Map.groupBy(containers, ({ service }) => service)
  return {
    commit: revision.commit,
    at: now,
    reason: `removed, for ${LEFT} (seen ${new Date(seen).toISOString()}); its volumes and files stay`,
    cause: {
      origin: tellingOrigin(origins),
      services: [...services].map(([name, [one]]) => ({
        name,
        action: 'remove',
        reasons: [LEFT],
        from: one?.image ?? null,
        to: null,
      })),
    },
  }
}
