import type { ObservedState } from '../../domain/deployment.ts'
import { MagosError } from '../../domain/error.ts'
import type { Clock, Log } from '../../ports.ts'
import type { EngineCommand } from './command.ts'
import { driveCheck, isCheckDue } from './health.ts'
import type { Inspected } from './inspect.ts'
import { inspectContainers } from './observe.ts'

export interface Watching {
  readonly engine: EngineCommand
  readonly clock: Clock
  readonly log: Log
  /** ms between two looks. */
  readonly look: number
  readonly drives: boolean
}

/** Looks at one project until the caller stops or the signal ends it, and runs health checks that are due in between. */
export async function* watchProject(
  watching: Watching,
  project: string,
  signal: AbortSignal,
): AsyncGenerator<ObservedState, void> {
  const { engine, clock, look, drives } = watching
  const stopped = new AbortController()
  const ending = AbortSignal.any([signal, stopped.signal])
  const checks = new Checks(watching, ending)
  try {
    while (!ending.aborted) {
      const began = clock.now()
      const inspected = await inspectContainers(engine, project, ending)
      yield { at: began, containers: inspected.map((one) => one.container) }
      const started = drives ? checks.start(inspected) : []
      if (started.length > 0) await Promise.race([Promise.all(started), clock.sleep(look, ending)])
      else await clock.sleep(look, ending)
    }
  } catch (thrown) {
    if (!ending.aborted) throw thrown
  } finally {
    stopped.abort()
    await checks.settled()
  }
}

/** Health checks under way; a slow one is neither waited for nor started twice. */
class Checks {
  readonly #watching: Watching
  readonly #signal: AbortSignal
  readonly #running = new Map<string, Promise<void>>()
  readonly #last = new Map<string, number>()

  constructor(watching: Watching, signal: AbortSignal) {
    this.#watching = watching
    this.#signal = signal
  }

  /** Starts those that are due. */
  start(inspected: readonly Inspected[]): readonly Promise<void>[] {
    const { clock, look } = this.#watching
    const now = clock.now()
    const due = inspected.filter((one) => {
      const { id } = one.container
      return !this.#running.has(id) && isCheckDue(one, this.#last.get(id) ?? null, now, look)
    })
    return due.map(({ container }) => {
      this.#last.set(container.id, now)
      const run = this.#run(container.id)
      this.#running.set(container.id, run)
      return run
    })
  }

  async settled(): Promise<void> {
    await Promise.all(this.#running.values())
  }

  async #run(id: string): Promise<void> {
    const { engine, log } = this.#watching
    try {
      await driveCheck(engine, id, this.#signal)
    } catch (thrown) {
      // The next look meets the same engine and tells it to the caller.
      if (!(thrown instanceof MagosError)) throw thrown
      log.debug({ container: id, reason: thrown.message }, 'a health check could not be run')
    } finally {
      this.#running.delete(id)
    }
  }
}
