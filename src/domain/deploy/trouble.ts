/** What was done of late to bring a stack back to what was proven. */
export interface Trouble {
  readonly stack: string
  /** Of the state that was put right; another one begins anew. */
  readonly inputs: string
  /** Tries that failed since the last that did not. */
  readonly failures: number
  /** Tries that went well since `since`. */
  readonly mends: number
  /** ms since the epoch. */
  readonly since: number
  /** Of the last try. */
  readonly at: number
  /** Why the last try failed, or what it put right. */
  readonly reason: string
}

export type Leave =
  | { readonly leave: 'go'; readonly trouble: Trouble }
  /** Too soon after a try that failed. */
  | { readonly leave: 'wait'; readonly until: number; readonly reason: string }
  /** The same state will not converge: only a change or a person may ask for another try. */
  | { readonly leave: 'none'; readonly reason: string }

/** ms after one failed try, and four times as long after each further one. */
const FIRST_PAUSE = 5_000
const LONGEST_PAUSE = 600_000
const MOST_FAILURES = 5
/** Put right so often within the window, it is a fight with somebody else. */
const MOST_MENDS = 20
const WINDOW = 3_600_000

/** Whether a state may be put right now. */
export function leaveToMend(
  known: Trouble | null,
  { stack, inputs, now }: { readonly stack: string; readonly inputs: string; readonly now: number },
): Leave {
  const trouble =
    known === null || known.inputs !== inputs || now < known.at
      ? { stack, inputs, failures: 0, mends: 0, since: now, at: now, reason: '' }
      : known
  const { failures, mends, since, at, reason } = trouble
  if (failures >= MOST_FAILURES) {
    return { leave: 'none', reason: `given up after ${failures} tries: ${reason}` }
  }
  if (mends >= MOST_MENDS && now - since < WINDOW) {
    return {
      leave: 'none',
      reason: `given up: it drifted ${mends} times within an hour: ${reason}`,
    }
  }
  const until = failures === 0 ? 0 : at + Math.min(LONGEST_PAUSE, FIRST_PAUSE * 4 ** (failures - 1))
  return until > now ? { leave: 'wait', until, reason } : { leave: 'go', trouble }
}

/** A person asks: the tries begin anew, but what failed before is known to be broken. */
export function askedAgain(known: Trouble | null): Trouble | null {
  return known === null
    ? null
    : { ...known, failures: Math.min(1, known.failures), mends: 0, at: 0 }
}

/** The trouble after a try. */
export function afterTry(
  trouble: Trouble,
  { outcome, reason, at }: { outcome: 'mended' | 'failed'; reason: string; at: number },
): Trouble {
  if (outcome === 'failed') return { ...trouble, failures: trouble.failures + 1, at, reason }
  const isOver = at - trouble.since >= WINDOW
  const window = isOver ? { mends: 1, since: at } : { mends: trouble.mends + 1 }
  return { ...trouble, ...window, failures: 0, at, reason }
}
