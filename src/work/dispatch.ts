import { asMagosError } from '../domain/error.ts'
import { chooseRuns, exclusive } from './choose-runs.ts'
import { planRuns, type Lane, type Run } from './runs.ts'
import { workOff, type WorkContext } from './work-off.ts'

export interface DispatchSettings {
  /** ms from the first published image to the commit that takes all of them; default and at most 5,000. */
  readonly debounce?: number
  /** ms between the starts of two runs that look at the branch; default 1,000. */
  readonly spacing?: number
}

export interface DispatchOptions extends Omit<WorkContext, 'random'> {
  readonly settings?: DispatchSettings
  /** Ends the dispatcher as `stop` does. */
  readonly signal: AbortSignal
  /** Called with each run just before it is handled. */
  readonly onTaken?: (run: Run) => void
  /** From 0 up to 1; default Math.random. */
  readonly random?: () => number
}

export interface Dispatcher {
  /** Whether this event is under way: it may take long, and what comes now is news to it. */
  isUnderWay(id: number): boolean
  /** Resolves once nothing is under way and nothing is due; what is postponed or debounced is not due. */
  idle(): Promise<void>
  /** Aborts what is under way, leaves it and all that waits to the next start, and resolves when all has ended. */
  stop(): Promise<void>
}

const LONGEST_DEBOUNCE = 5_000
/** Each of their runs asks git, registries or the engine, whatever the number of events that it takes. */
const SPACED: ReadonlySet<Run['event']['kind']> = new Set([
  'image-published',
  'revision-pushed',
  'drift-detected',
])
const SPACING = 1_000
/** ms between two looks at the inbox at the least, so that a flood is looked at in gulps. */
const LOOK_EVERY = 20
/** A look costs as much as events are pending: it takes at the most one in so many ms. */
const LOOK_SHARE = 20
/** ms without a look at the most: after a suspend or a clock that was set, nothing waits longer than this. */
const LONGEST_REST = 30_000

/** Works off the inbox: whatever is pending at the start, then whatever comes, until it is stopped. */
export function startDispatch(options: DispatchOptions): Dispatcher {
  const dispatch = new Dispatch(options)
  return {
    isUnderWay: (id) => dispatch.isUnderWay(id),
    idle: () => dispatch.idle(),
    stop: () => dispatch.stop(),
  }
}

class Dispatch {
  readonly #options: DispatchOptions
  readonly #ctx: WorkContext
  readonly #debounce: number
  readonly #stopping = new AbortController()
  readonly #busy = new Set<Lane>()
  readonly #holds = new Map<Lane, number>()
  readonly #spacing: number
  readonly #spaced = new Map<Run['event']['kind'], number>()
  /** Events of the runs under way. */
  readonly #taken = new Set<number>()
  readonly #running = new Set<Promise<void>>()
  readonly #loop: Promise<void>
  /** Aborted when there is a reason to look again. */
  #rest = new AbortController()
  #idlers: (() => void)[] = []

  constructor(options: DispatchOptions) {
    const { signal, random = Math.random, settings = {} } = options
    const { debounce = LONGEST_DEBOUNCE, spacing = SPACING } = settings
    this.#options = options
    this.#ctx = { ...options, random }
    this.#debounce = Math.min(debounce, LONGEST_DEBOUNCE)
    this.#spacing = spacing
    const stop = () => this.#stopping.abort(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
    this.#loop = this.#work().finally(() => signal.removeEventListener('abort', stop))
  }

  isUnderWay(id: number): boolean {
    return this.#taken.has(id)
  }

  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#idlers.push(resolve)
      this.#wake()
    })
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('Magos is stopping'))
    await this.#loop
  }

  async #work(): Promise<void> {
    const { inbox, clock } = this.#options
    const { signal } = this.#stopping
    const wake = () => this.#wake()
    const endWatch = inbox.watch(wake)
    signal.addEventListener('abort', wake, { once: true })
    while (!signal.aborted) {
      // Before the look: a reason that comes up while looking ends the rest that follows.
      this.#rest = new AbortController()
      const lookedAt = clock.now()
      const rest = this.#look()
      const every = Math.max(LOOK_EVERY, LOOK_SHARE * (clock.now() - lookedAt))
      await this.#sleep(rest, this.#rest.signal)
      const early = lookedAt + every - clock.now()
      if (early > 0) await this.#sleep(Math.min(early, every), signal)
    }
    endWatch()
    await Promise.all(this.#running)
    this.#tellIdlers()
  }

  /** Starts what may start; returns the ms until the next look if nothing happens before. */
  #look(): number {
    const { inbox, clock, log } = this.#options
    try {
      const now = clock.now()
      const pending = inbox.pending().filter(({ id }) => !this.#taken.has(id))
      const runs = planRuns(pending, { debounce: this.#debounce, now })
      const { start, wakeAt } = chooseRuns(runs, {
        busy: this.#busy,
        holds: this.#holds,
        spaced: this.#spaced,
        now,
      })
      for (const run of start) this.#start(run)
      if (this.#running.size === 0) this.#tellIdlers()
      return Math.min(LONGEST_REST, Math.max(0, (wakeAt ?? Infinity) - now))
    } catch (thrown) {
      const { message, remedy } = asMagosError(thrown)
      log.error({ remedy }, `Inbox cannot be read: ${message}`)
      return LONGEST_REST
    }
  }

  #start(run: Run): void {
    const { kind } = run.event
    if (SPACED.has(kind)) this.#spaced.set(kind, this.#options.clock.now() + this.#spacing)
    const taken = [...run.ids, ...run.superseded]
    for (const id of taken) this.#taken.add(id)
    for (const lane of exclusive(run)) this.#busy.add(lane)
    const running = this.#follow(run).finally(() => {
      for (const id of taken) this.#taken.delete(id)
      for (const lane of exclusive(run)) this.#busy.delete(lane)
      this.#running.delete(running)
      this.#wake()
    })
    this.#running.add(running)
  }

  async #follow(run: Run): Promise<void> {
    this.#announce(run)
    const { holdUntil } = await workOff(this.#ctx, run, this.#stopping.signal)
    for (const lane of run.lanes) {
      if (holdUntil === null) this.#holds.delete(lane)
      else this.#holds.set(lane, holdUntil)
    }
  }

  #announce(run: Run): void {
    const { onTaken, log } = this.#options
    try {
      onTaken?.(run)
    } catch (thrown) {
      log.error({}, `Listener to taken runs failed: ${asMagosError(thrown).message}`)
    }
  }

  #wake(): void {
    this.#rest.abort()
  }

  #tellIdlers(): void {
    const idlers = this.#idlers
    this.#idlers = []
    for (const resolve of idlers) resolve()
  }

  /** Resolves when the time is over or the signal is aborted. */
  async #sleep(ms: number, signal: AbortSignal): Promise<void> {
    await this.#options.clock.sleep(ms, signal).catch(() => undefined)
  }
}
