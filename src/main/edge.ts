import type { Log } from '../ports.ts'
import type { EdgeContext } from '../server/context.ts'
import type { Base } from './base.ts'
import type { State } from './state.ts'
import type { World } from './world.ts'

/** What the edge learns while the daemon comes up. */
export interface EdgeState {
  status: 'starting' | 'ok'
  /** null while it is not known: pushes to any branch count. */
  branch: string | null
}

/** What the edge answers with, from before the world is open. */
export function edgeContext({ config, log }: Base, { store }: State, edge: EdgeState): EdgeContext {
  const { repository, webhookSecret, registryWebhookSecret } = config
  return {
    secrets: webhookSecret === null ? [] : [webhookSecret.reveal()],
    registrySecrets: registryWebhookSecret === null ? [] : [registryWebhookSecret.reveal()],
    repository: repository?.kind === 'github' ? `${repository.owner}/${repository.name}` : null,
    branch: () => edge.branch,
    inbox: store.inbox,
    log,
    bodyLimit: config.bodyLimit,
    health: () =>
      edge.status === 'ok'
        ? { status: 'ok', pending: store.inbox.pending().length }
        : { status: edge.status },
  }
}

/** Asks which branch counts. */
export async function learnBranch(
  world: Pick<World, 'branchName'>,
  edge: EdgeState,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  try {
    edge.branch = await world.branchName(signal)
  } catch (error) {
    log.debug({ error }, 'Branch is not known yet: pushes to any of them count')
  }
}
