import { MagosError } from '../domain/error.ts'
import type { ExitCode } from '../cli/io.ts'
import type { EdgeContext } from '../server/context.ts'
import { listen } from '../server/listen.ts'
import { startDispatch } from '../work/dispatch.ts'
import { startPoller } from '../work/poller.ts'
import type { Base } from './base.ts'
import { cleanUpAfterDeath, journalled, openState, type State } from './state.ts'
import { handleEvents } from './work.ts'
import { withoutRepository } from './repository.ts'
import { openWorld } from './world.ts'

/** Works the data directory until the signal ends it. What is accepted and unfinished is left to the next start. */
export async function runDaemon(base: Base, signal: AbortSignal): Promise<ExitCode> {
  if (base.config.repository === null) throw withoutRepository()
  const state = openState(base)
  const lock = state.takeLock()
  try {
    if (lock === null) throw alreadyWorked(base)
    await cleanUpAfterDeath(base, state)
    await work(journalled(base, state), state, signal)
    return 0
  } finally {
    state.close()
    lock?.release()
  }
}

async function work(base: Base, state: State, signal: AbortSignal): Promise<void> {
  const { config, clock, log } = base
  const { inbox, history } = state.store
  const world = await openWorld(base, history, signal)
  let branch = config.branch
  const learn = async () => {
    branch = await world.branchName(signal)
  }
  const learned = learn().catch((error: unknown) =>
    log.debug({ error }, 'Branch is not known yet: pushes to any of them count'),
  )
  const server = await listen({
    context: edgeContext(base, state, () => branch),
    host: config.listen.host,
    port: config.listen.port,
  })
  const handle = handleEvents(world, clock)
  const settings = { debounce: config.debounce }
  const dispatcher = startDispatch({ inbox, handle, clock, log, settings, signal })
  const poller = startPoller({ inbox, clock, log, interval: config.pollInterval, signal })
  const address = `http://${config.listen.host}:${server.port}`
  log.info({ address, version: base.version, host: config.host }, `Listening on ${address}`)
  if (config.webhookSecret === null) {
    log.warn({}, 'No webhook secret is configured: deliveries are refused, polling finds the work')
  }
  await aborted(signal)
  log.info({}, 'Ending')
  await Promise.all([server.close(), dispatcher.stop(), poller.ended, learned])
}

function edgeContext(
  { config, log }: Base,
  { store }: State,
  branch: () => string | null,
): EdgeContext {
  const { repository, webhookSecret } = config
  return {
    secrets: webhookSecret === null ? [] : [webhookSecret.reveal()],
    repository: repository?.kind === 'github' ? `${repository.owner}/${repository.name}` : null,
    branch,
    inbox: store.inbox,
    log,
    bodyLimit: config.bodyLimit,
    health: () => ({ status: 'ok', pending: store.inbox.pending().length }),
  }
}

function alreadyWorked({ config }: Base): MagosError {
  return new MagosError(
    'busy',
    `Cannot work "${config.dataDirectory}": another Magos does already`,
    { remedy: 'End the other one, or give this one a MD_DATA_DIR of its own' },
  )
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
