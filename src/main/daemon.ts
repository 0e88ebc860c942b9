import { tellInstallation } from '../../handlers/installation-changed.ts'
import { MagosError } from '../domain/error.ts'
import type { ExitCode } from '../cli/io.ts'
import type { Log } from '../ports.ts'
import { listen, type Listening } from '../server/listen.ts'
import { startDispatch } from '../work/dispatch.ts'
import { startPoller } from '../work/poller.ts'
import { startContainerWatch } from '../work/watch-containers.ts'
import type { Base } from './base.ts'
import { edgeContext, learnBranch, type EdgeState } from './edge.ts'
import { cleanUpAfterDeath, journalled, openState, type State } from './state.ts'
import { handleEvents } from './work.ts'
import { openRepository, withoutRepository, type Repository } from './repository.ts'
import { openWorld, type World } from './world.ts'

/** Works the data directory until the signal ends it. What is accepted and unfinished is left to the next start. */
export async function runDaemon(base: Base, signal: AbortSignal): Promise<ExitCode> {
  if (base.config.repository === null) throw withoutRepository()
  const state = openState(base)
  let lock: Awaited<ReturnType<typeof takeLockSoon>> = null
  try {
    lock = await takeLockSoon(base, state, signal)
    if (lock === null) throw alreadyWorked(base)
    await cleanUpAfterDeath(base, state)
    await work(journalled(base, state), state, signal)
    return 0
  } finally {
    state.close()
    lock?.release()
  }
}

/** Times that the lock is tried for, and ms between them: a `status` has it for a moment, to see whether anybody does. */
const LOCK_TRIES = 5
const LOCK_PAUSE = 100

async function takeLockSoon(
  { clock }: Base,
  state: Pick<State, 'takeLock'>,
  signal: AbortSignal,
): Promise<ReturnType<State['takeLock']>> {
  for (let tries = 1; ; tries += 1) {
    const lock = state.takeLock()
    if (lock !== null || tries === LOCK_TRIES) return lock
    await clock.sleep(LOCK_PAUSE, signal)
  }
}

/**
 * Listens before anything of the world is asked: what GitHub sends meanwhile is stored and waits. What is wrong with the
 * configuration is told before that.
 */
async function work(base: Base, state: State, signal: AbortSignal): Promise<void> {
  const { config, log } = base
  const repository = await openRepository(base)
  const edge: EdgeState = { status: 'starting', branch: config.branch }
  const { host, port } = config.listen
  const server = await listen({ context: edgeContext(base, state, edge), host, port })
  try {
    const address = `http://${host}:${server.port}`
    log.info({ address, version: base.version, host: config.host }, `Listening on ${address}`)
    if (config.webhookSecret === null) {
      log.warn(
        {},
        'No webhook secret is configured: deliveries are refused, polling finds the work',
      )
    }
    await workOff(base, state, { repository, edge, server }, signal)
  } finally {
    await server.close()
  }
}

interface Opened {
  readonly repository: Repository
  readonly edge: EdgeState
  readonly server: Listening
}

async function workOff(
  base: Base,
  { store }: State,
  { repository, edge, server }: Opened,
  signal: AbortSignal,
): Promise<void> {
  const { config, clock, log } = base
  const { inbox } = store
  const world = await openUnlessEnded(() => openWorld(base, repository, store, signal), signal)
  if (world === null) return
  const learned = Promise.all([
    learnBranch(world, edge, log, signal),
    lookAtInstallation(world, signal),
    tellCapabilities(world, log, signal),
  ])
  const handle = handleEvents(world, inbox, clock)
  const settings = { debounce: config.debounce }
  const dispatcher = startDispatch({ inbox, handle, clock, log, settings, signal })
  const isUnderWay = (id: number) => dispatcher.isUnderWay(id)
  const poller = startPoller({
    inbox,
    clock,
    log,
    interval: config.pollInterval,
    isUnderWay,
    signal,
  })
  const { engine } = world
  const { sweep } = config
  const watch = startContainerWatch({ engine, inbox, clock, log, sweep, isUnderWay, signal })
  edge.status = 'ok'
  await aborted(signal)
  log.info({}, 'Ending')
  await Promise.all([server.close(), dispatcher.stop(), poller.ended, watch.ended, learned])
}

/** null where the process was told to end meanwhile: that is no failure. */
async function openUnlessEnded<Result>(
  open: () => Promise<Result>,
  signal: AbortSignal,
): Promise<Result | null> {
  try {
    return await open()
  } catch (thrown) {
    if (signal.aborted) return null
    throw thrown
  }
}

/** What this host deploys with, once, so that nobody has to guess it from a failure. */
async function tellCapabilities(
  { engine, compose }: Pick<World, 'engine' | 'compose'>,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  try {
    const { name, version, rootless, limits } = await engine.info(signal)
    const provider = await compose.provider(null, signal)
    log.info(
      { engine: { name, version, rootless, limits }, provider },
      `Deploying with ${name} ${version} and ${provider.name} ${provider.version}`,
    )
  } catch (error) {
    if (!signal.aborted) log.warn({ error }, 'Cannot tell yet what this host deploys with')
  }
}

/** What is in the way is told at the start, and not when the first commit is refused. */
async function lookAtInstallation(
  { installation, log }: Pick<World, 'installation' | 'log'>,
  signal: AbortSignal,
): Promise<void> {
  if (installation === null) return
  try {
    await tellInstallation({ installation, log }, signal)
  } catch (error) {
    log.debug({ error }, 'GitHub does not say now what the App may do')
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
