import { asMagosError } from '../domain/error.ts'
import type { Event } from '../domain/event.ts'
import type { Accepted, Clock, Inbox, Log } from '../ports.ts'

export interface PollerOptions {
  readonly inbox: Inbox
  readonly clock: Clock
  readonly log: Log
  /** ms between two polls. */
  readonly interval: number
  readonly signal: AbortSignal
  /** Whether an event is worked off just now. */
  readonly isUnderWay: (id: number) => boolean
  /** From 0 up to 1; default Math.random. */
  readonly random?: () => number
}

export interface Poller {
  /** Resolves when it has ended, which only its signal makes it do. */
  readonly ended: Promise<void>
}

const LOOKS: readonly Event[] = [
  { kind: 'image-published', repositories: 'all' },
  { kind: 'revision-pushed' },
  { kind: 'proposals-due', repositories: 'all', branches: [] },
  { kind: 'pull-request-changed', numbers: 'all' },
]

/** Says "look again" now and at every interval, so that nothing depends on a webhook. */
export function startPoller(options: PollerOptions): Poller {
  return { ended: poll(options) }
}

async function poll(options: PollerOptions): Promise<void> {
  const { clock, interval, signal, random = Math.random } = options
  await offer(options, 'start')
  while (!signal.aborted) {
    // A tenth more or less, so that many hosts do not ask at one time.
    const waited = await clock.sleep(interval * (0.9 + random() / 5), signal).then(
      () => true,
      () => false,
    )
    if (waited) await offer(options, 'poll')
  }
}

async function offer(
  { inbox, clock, log, isUnderWay, signal }: PollerOptions,
  source: 'start' | 'poll',
): Promise<void> {
  for (const event of LOOKS) {
    if (signal.aborted) return
    try {
      // At a start what was postponed counts as nothing: perhaps it was restarted to try again.
      const until = source === 'start' ? clock.now() : Infinity
      // A pass that is under way has looked already: its slowest stack must not keep the others from being looked at.
      const mayBeLate = source === 'poll' && event.kind === 'revision-pushed'
      const waits = inbox
        .pending()
        .filter(({ id }) => !mayBeLate || !isUnderWay(id))
        .some((one) => one.dueAt <= until && covers(one, event))
      if (!waits) await inbox.accept(event, { source })
    } catch (thrown) {
      const { message, remedy } = asMagosError(thrown)
      log.warn({ remedy, event: event.kind }, `Poll cannot be stored: ${message}`)
    }
  }
}

function covers({ event: pending }: Accepted, event: Event): boolean {
  if (pending.kind === 'image-published' || pending.kind === 'proposals-due') {
    return event.kind === pending.kind && pending.repositories === 'all'
  }
  if (pending.kind === 'pull-request-changed') {
    return event.kind === pending.kind && pending.numbers === 'all'
  }
  return pending.kind === event.kind
}
