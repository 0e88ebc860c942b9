import type { ContainerEvent } from '../domain/container-event.ts'
import { withEvent, type Departure } from '../domain/deploy/departure.ts'
import { asMagosError } from '../domain/error.ts'
import type { Clock, Engine, Inbox, Log } from '../ports.ts'

export interface WatchOptions {
  readonly engine: Pick<Engine, 'events'>
  readonly inbox: Inbox
  readonly clock: Clock
  readonly log: Log
  /** ms between two looks that nothing gave a reason for. */
  readonly sweep: number
  /** Whether an event is worked off just now. */
  readonly isUnderWay: (id: number) => boolean
  readonly signal: AbortSignal
}

export interface ContainerWatch {
  /** Resolves when it has ended, which only its signal makes it do. */
  readonly ended: Promise<void>
}

/** ms without an event after which a look is worth while: whoever stops a stack stops one container after the other. */
const QUIET = 1_500
/** ms after which it is looked all the same: a container in a crash loop is never quiet. */
const LONGEST = 5_000
/** docker tells a stop at its beginning, and a container may take that long to obey. */
const LONGEST_STOP = 12_000

/** Says "look at the containers" when something happened to them, at the start, and at every interval. */
export function startContainerWatch(options: WatchOptions): ContainerWatch {
  return { ended: Promise.all([sweep(options), follow(options)]).then(() => undefined) }
}

async function sweep(options: WatchOptions): Promise<void> {
  const { inbox, clock, sweep: interval, isUnderWay, signal } = options
  await offer(options, [], 'start')
  for (;;) {
    await clock.sleep(interval, signal).catch(() => undefined)
    if (signal.aborted) return
    // What waits already will look as well; what is under way has looked, and may take long.
    const waits = inbox
      .pending()
      .some(({ event, id }) => event.kind === 'drift-detected' && !isUnderWay(id))
    if (!waits) await offer(options, [], 'poll')
  }
}

/** What was seen since the last look. */
interface Seen {
  departures: readonly Departure[]
  /** Told to end, and not seen to have ended. */
  dying: ReadonlySet<string>
  since: number
  last: number
}

async function follow(options: WatchOptions): Promise<void> {
  const { engine, clock, signal } = options
  let seen: Seen | null = null
  const ripen = async (): Promise<void> => {
    for (;;) {
      const wait = seen === null ? 0 : dueAt(seen) - clock.now()
      if (wait <= 0) break
      await clock.sleep(Math.min(wait, QUIET), signal).catch(() => undefined)
      if (signal.aborted) return
    }
    const ripe = seen
    seen = null
    if (ripe !== null) await offer(options, ripe.departures, 'engine')
  }
  const ripening = new Set<Promise<void>>()
  for await (const event of engine.events(signal)) {
    const now = clock.now()
    const before: Seen = seen ?? { departures: [], dying: new Set(), since: now, last: now }
    const isFirst = seen === null
    seen = {
      ...before,
      departures: withEvent(before.departures, event),
      dying: stillDying(before.dying, event),
      last: now,
    }
    if (!isFirst) continue
    const running = ripen().finally(() => ripening.delete(running))
    ripening.add(running)
  }
  await Promise.all(ripening)
}

function stillDying(
  dying: ReadonlySet<string>,
  { kind, container }: ContainerEvent,
): ReadonlySet<string> {
  const others = [...dying].filter((one) => one !== container)
  return new Set(kind === 'killed' ? [...others, container] : others)
}

/** A kill that nothing followed yet may be the beginning of a stop. */
function dueAt({ dying, since, last }: Seen): number {
  return dying.size > 0 ? since + LONGEST_STOP : Math.min(last + QUIET, since + LONGEST)
}

async function offer(
  { inbox, log, signal }: WatchOptions,
  departures: readonly Departure[],
  source: 'start' | 'poll' | 'engine',
): Promise<void> {
  if (signal.aborted) return
  try {
    await inbox.accept({ kind: 'drift-detected', departures }, { source })
  } catch (thrown) {
    const { message, remedy } = asMagosError(thrown)
    log.warn({ remedy }, `Look at the containers cannot be stored: ${message}`)
  }
}
