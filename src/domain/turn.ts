import type { Departure } from './deploy/departure.ts'

/** Whether a state that failed before is tried once more: only a person may ask for that. */
export type Asked = 'by-event' | 'by-person'

/** What somebody who has work at a stack knows and wants. */
export interface Turn {
  readonly stack: string
  /** The number of the look that the work is based on; of two the higher one is newer. */
  readonly look: number
  /**
   * `pass`: brings the stack to what was looked at, and leaves it to a newer pass. `request`: the same for somebody who
   * waits for the answer, so it never leaves. `keep`: brings it back to what was proven, as it was looked at.
   */
  readonly kind: 'pass' | 'request' | 'keep'
  readonly asked: Asked
  /** How its containers were seen to go. */
  readonly departures: readonly Departure[]
}

/** Whether it brings the stack to what stands in git, so that what was looked at before may not follow it. */
export function deploys({ kind }: Pick<Turn, 'kind'>): boolean {
  return kind === 'pass' || kind === 'request'
}

/**
 * Those of the waiting that still have to wait, for the newest of them does the work of all: a pass leaves where a newer
 * one came, whoever keeps the stack leaves it to whoever deploys it or came before. Who waits for an answer stays.
 */
export function staying<Waiting extends { readonly turn: Turn }>(
  waiting: readonly Waiting[],
): readonly Waiting[] {
  const deploying = waiting.filter(({ turn }) => deploys(turn))
  if (deploying.length === 0) return waiting.slice(0, 1)
  const passes = deploying.filter(({ turn }) => turn.kind === 'pass')
  const newest = newestOf(passes)
  return deploying.filter((one) => one.turn.kind === 'request' || one === newest)
}

/** The one whose look is the newest; null of none. */
export function newestOf<Waiting extends { readonly turn: Turn }>(
  waiting: readonly Waiting[],
): Waiting | null {
  return waiting.reduce<Waiting | null>(
    (newest, one) => (newest === null || one.turn.look > newest.turn.look ? one : newest),
    null,
  )
}
