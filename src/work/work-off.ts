import type { Handled } from '../../handlers/context.ts'
import { asMagosError, MagosError } from '../domain/error.ts'
import { isWaitedFor, type Event, type Origin } from '../domain/event.ts'
import type { Clock, FollowUp, Inbox, Log } from '../ports.ts'
import { toErrorAnswer } from './error-answer.ts'
import { isRetryable, retryTime } from './retry.ts'
import type { Run } from './runs.ts'

/** Works off one event; everything that it may touch was given to it before. */
export type Handle = (
  event: Event,
  origins: readonly Origin[],
  signal: AbortSignal,
) => Promise<Handled>

export interface WorkContext {
  readonly inbox: Inbox
  readonly handle: Handle
  readonly clock: Clock
  readonly log: Log
  readonly random: () => number
}

/** Runs that plan anew at once because the world moved under them. */
const TRIES = 5
/** A report that nobody took for so long is news no more. */
const REPORT_LIFETIME = 24 * 60 * 60_000

type Ending =
  | { readonly next: 'settle'; readonly answer: unknown; readonly followUps: readonly FollowUp[] }
  | { readonly next: 'postpone'; readonly dueAt: number; readonly reason: string }
  /** Magos stops: the events stay as they are, for the next start. */
  | { readonly next: 'leave' }

/** Until when the run's lanes must rest: set when somebody outside asked for it. */
export interface WorkedOff {
  readonly holdUntil: number | null
}

/** Works off one run and stores what became of it. Never rejects. */
export async function workOff(
  context: WorkContext,
  run: Run,
  signal: AbortSignal,
): Promise<WorkedOff> {
  const { kind } = run.event
  const ctx = { ...context, log: context.log.child(fieldsOf(run)) }
  const begun = ctx.clock.now()
  // Nobody wants to read that nothing happened every five minutes.
  const level = run.origins.every(({ source }) => source === 'poll') ? 'debug' : 'info'
  ctx.log[level]({}, `Working off ${kind}`)
  const { ending, holdUntil } = await attempt(ctx, run, signal)
  await store(ctx, run, ending, signal)
  ctx.log.debug({ ms: ctx.clock.now() - begun, next: ending.next }, `Worked off ${kind}`)
  return { holdUntil }
}

async function attempt(
  ctx: WorkContext,
  run: Run,
  signal: AbortSignal,
): Promise<WorkedOff & { readonly ending: Ending }> {
  try {
    if (run.superseded.length > 0) {
      ctx.inbox.settle(run.superseded, { outcome: 'superseded' }, [])
    }
    const { answer, followUps } = await handleUntilStill(ctx, run, signal)
    return { ending: { next: 'settle', answer, followUps }, holdUntil: null }
  } catch (thrown) {
    const error = asMagosError(thrown)
    const ending = signal.aborted ? LEFT : endingOf(ctx, run, error)
    tell(ctx.log, error, ending)
    const asked = ending.next === 'postpone' && error.retryAt !== undefined
    return { ending, holdUntil: asked ? ending.dueAt : null }
  }
}

const LEFT: Ending = { next: 'leave' }

async function handleUntilStill(
  { handle, inbox, clock, random }: WorkContext,
  { event, origins }: Run,
  signal: AbortSignal,
): Promise<Handled> {
  for (let tries = 1; ; tries += 1) {
    const handled = await handle(event, origins, signal)
    if (handled.next === 'done') return handled
    if (handled.followUps.length > 0) inbox.settle([], null, handled.followUps)
    if (tries === TRIES) {
      throw new MagosError('busy', `Work off ${event.kind}: the branch moved under ${TRIES} tries`)
    }
    await clock.sleep(100 * tries * (1 + random()), signal)
  }
}

function endingOf({ clock, random }: WorkContext, run: Run, error: MagosError): Ending {
  const now = clock.now()
  const { event, attempts, since } = run
  const tooOld = event.kind === 'report-due' && now - since > REPORT_LIFETIME
  if (isWaitedFor(event) || tooOld || !isRetryable(error)) {
    return { next: 'settle', answer: toErrorAnswer(error), followUps: [] }
  }
  const dueAt = retryTime(error, { now, attempts, random })
  return { next: 'postpone', dueAt, reason: `${error.code}: ${error.message}` }
}

/**
 * Writes the ending down. While the disk refuses, what was done is not done again: the run stays under way and the
 * writing is tried again.
 */
async function store(
  { inbox, clock, log, random }: WorkContext,
  { ids }: Run,
  wanted: Ending,
  signal: AbortSignal,
): Promise<void> {
  let ending = wanted
  for (let attempts = 0; ; attempts += 1) {
    try {
      if (ending.next === 'settle') inbox.settle(ids, ending.answer, ending.followUps)
      if (ending.next === 'postpone') inbox.postpone(ids, ending.dueAt, ending.reason)
      return
    } catch (thrown) {
      const error = asMagosError(thrown)
      const { message, remedy } = error
      log.error({ remedy }, `Outcome cannot be stored: ${message}`)
      // Not the disk but the answer is at fault; another try would meet the same.
      if (error.code === 'internal') {
        ending = { next: 'settle', answer: toErrorAnswer(error), followUps: [] }
      }
      const now = clock.now()
      const pause = retryTime({ retryAt: undefined }, { now, attempts, random }) - now
      const outcome = await clock.sleep(pause, signal).then(
        () => 'waited',
        () => 'stopped',
      )
      if (outcome === 'stopped') return
    }
  }
}

function tell(log: Log, { code, message, place, remedy }: MagosError, ending: Ending): void {
  const fields = { code, ...place, remedy }
  if (ending.next === 'leave') log.info(fields, 'Left to the next start')
  else if (ending.next === 'settle') log.error(fields, `Failed: ${message}`)
  else {
    const until = new Date(ending.dueAt).toISOString()
    log.warn({ ...fields, until }, `Postponed: ${message}`)
  }
}

/** Ids by which a line of the log is found; of many, the first. */
function fieldsOf({ event, ids, origins, attempts }: Run) {
  const deliveries = origins.slice(0, 10).flatMap(({ delivery }) => delivery ?? [])
  return {
    event: event.kind,
    ids: ids.slice(0, 10),
    ...(ids.length > 10 ? { more: ids.length - 10 } : {}),
    ...(deliveries.length > 0 ? { deliveries } : {}),
    ...(event.kind === 'image-published' ? { images: imagesOf(event.repositories) } : {}),
    ...(attempts > 0 ? { attempts } : {}),
    ...('stack' in event ? { stack: event.stack } : {}),
    ...(event.kind === 'update-failed' ? { commit: event.commit } : {}),
    ...(event.kind === 'report-due' ? { commit: event.report.commit } : {}),
  }
}

function imagesOf(repositories: readonly string[] | 'all'): readonly string[] | 'all' {
  return repositories === 'all' ? repositories : repositories.slice(0, 10)
}
