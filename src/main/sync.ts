import type { SyncAnswer } from '../domain/answer/sync.ts'
import { MagosError } from '../domain/error.ts'
import type { Event } from '../domain/event.ts'
import { startDispatch, type Dispatcher } from '../work/dispatch.ts'
import { requestAnswer, waitForAnswer } from '../work/request-answer.ts'
import type { Base } from './base.ts'
import { cleanUpAfterDeath, journalled, openState, type State } from './state.ts'
import { handleEvents } from './work.ts'
import { openRepository, withoutRepository } from './repository.ts'
import { openWorld } from './world.ts'

/** Longest wait for reports that the pass left behind, ms; what is not told by then is told by the next process. */
const REPORT_WAIT = 30_000

export interface SyncWish {
  /** null: all of them. */
  readonly stack: string | null
  /** Whether all stacks that left the repository are meant to go. */
  readonly removals: 'guarded' | 'confirmed'
}

/** One whole pass: by the process that works the data directory, or by this one where nobody does. */
export async function syncOnce(
  base: Base,
  { stack, removals }: SyncWish,
  signal: AbortSignal,
): Promise<SyncAnswer> {
  const confirmed = removals === 'confirmed' ? { removals } : {}
  const event: Event = { kind: 'sync-requested', stack, ...confirmed, askedAt: base.clock.now() }
  return readAnswer(await answerOnce(base, event, signal), isSyncAnswer)
}

/** What a person asks for, done by the process that works the data directory, or by this one where nobody does. */
export async function answerOnce(base: Base, event: Event, signal: AbortSignal): Promise<unknown> {
  if (base.config.repository === null) throw withoutRepository()
  const state = openState(base)
  try {
    const { inbox } = state.store
    const waiting = { inbox, clock: base.clock, takeLock: () => state.takeLock(), signal }
    const reply = await requestAnswer(waiting, event)
    if (reply.outcome === 'answered') return reply.answer
    try {
      await cleanUpAfterDeath(base, state)
      return await workAlone(journalled(base, state), state, reply.id, signal)
    } finally {
      reply.lock.release()
    }
  } finally {
    state.close()
  }
}

/** Works the inbox off until the request has its answer and its reports are told. */
async function workAlone(
  base: Base,
  { store }: State,
  id: number,
  signal: AbortSignal,
): Promise<unknown> {
  const { inbox } = store
  const { clock, log, config } = base
  const world = await openWorld(base, await openRepository(base), store, signal)
  const handle = handleEvents(world, inbox, clock)
  const settings = { debounce: config.debounce }
  const dispatcher = startDispatch({ inbox, handle, clock, log, settings, signal })
  try {
    const answer = await waitForAnswer({ inbox, clock, signal }, id)
    await idleWithin(dispatcher, base, signal)
    return answer
  } finally {
    await dispatcher.stop()
  }
}

/** Waits until nothing is under way or due, but not for ever: what waits longer waits for the next process. */
async function idleWithin(
  dispatcher: Dispatcher,
  { clock }: Base,
  signal: AbortSignal,
): Promise<void> {
  const idle = new AbortController()
  const late = clock.sleep(REPORT_WAIT, AbortSignal.any([signal, idle.signal]))
  try {
    await Promise.race([dispatcher.idle(), late])
  } finally {
    idle.abort()
    await late.catch(() => undefined)
  }
}

/** What stands in the inbox was written by a Magos, but maybe by another version of it. */
export function readAnswer<Answer>(
  answer: unknown,
  isAnswer: (answer: unknown) => answer is Answer,
): Answer {
  if (isAnswer(answer)) return answer
  throw new MagosError('internal', 'Cannot read the answer of the pass: it has another shape', {
    remedy: 'End the Magos that works this data directory, for it is of another version',
  })
}

export function isSyncAnswer(answer: unknown): answer is SyncAnswer {
  return (
    typeof answer === 'object' &&
    answer !== null &&
    'revision' in answer &&
    typeof answer.revision === 'string' &&
    hasLists(answer, ['commits', 'held', 'deployments'])
  )
}

/** Whether these members are there and lists. */
export function hasLists(answer: object, names: readonly string[]): boolean {
  const members = new Map(Object.entries(answer))
  return names.every((name) => Array.isArray(members.get(name)))
}
