import type { Event } from '../domain/event.ts'
import type { Clock, Inbox } from '../ports.ts'
import { fromErrorAnswer } from './error-answer.ts'

/** How somebody else's lock is given back. */
interface Releasable {
  release(): void
}

export interface RequestOptions<Lock extends Releasable> {
  readonly inbox: Inbox
  readonly clock: Clock
  /** Tries to take the data directory's lock; null while another process works it. */
  readonly takeLock: () => Lock | null
  readonly signal: AbortSignal
}

export type Reply<Lock> =
  | { readonly outcome: 'answered'; readonly answer: unknown }
  /** Nobody works the data directory any more: the caller does from now on, and finds its request in the inbox. */
  | { readonly outcome: 'alone'; readonly id: number; readonly lock: Lock }

/** ms between two looks for the answer. */
const LOOK_EVERY = 100

/**
 * Leaves a person's request in the inbox and waits for the answer of the process that works the data directory.
 * Throws the error that it ended with, or the signal's reason. The request outlives an interrupted wait.
 */
export async function requestAnswer<Lock extends Releasable>(
  { inbox, clock, takeLock, signal }: RequestOptions<Lock>,
  event: Event,
): Promise<Reply<Lock>> {
  const id = await inbox.accept(event, { source: 'operator' })
  for (;;) {
    const reply = replyTo(inbox, id)
    if (reply !== null) return reply
    const lock = takeLock()
    if (lock !== null) {
      // It may have been answered just before the other process ended.
      const late = replyTo(inbox, id)
      if (late === null) return { outcome: 'alone', id, lock }
      lock.release()
      return late
    }
    await clock.sleep(LOOK_EVERY, signal)
  }
}

/** Waits for the answer to an event that this process or another works off. Throws the error that it ended with. */
export async function waitForAnswer(
  { inbox, clock, signal }: Pick<RequestOptions<Releasable>, 'inbox' | 'clock' | 'signal'>,
  id: number,
): Promise<unknown> {
  for (;;) {
    const reply = replyTo(inbox, id)
    if (reply !== null) return reply.answer
    await clock.sleep(LOOK_EVERY, signal)
  }
}

function replyTo(
  inbox: Inbox,
  id: number,
): { readonly outcome: 'answered'; readonly answer: unknown } | null {
  const answer = inbox.answer(id)
  if (answer === undefined) return null
  const error = fromErrorAnswer(answer)
  if (error !== null) throw error
  return { outcome: 'answered', answer }
}
