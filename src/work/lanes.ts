import type { Lanes } from '../ports.ts'
import { Permits } from './permits.ts'
import { StackLane } from './stack-lane.ts'

export interface LanesOptions {
  /** Stacks that are acted on at once. */
  readonly limit: number
}

/** The lanes of one process, which are gone with it: what waited in them waits in the inbox. */
export function createLanes<Result>({ limit }: LanesOptions): Lanes<Result> {
  const looks = { drawn: 0, newest: 0 }
  const acting = new Permits(limit)
  const alone = { look: new Permits(1), commit: new Permits(1), proposal: new Permits(1) }
  const stacks = new Map<string, StackLane<Result>>()
  const laneOf = (stack: string) => {
    const lane = stacks.get(stack) ?? new StackLane<Result>({ drawn: () => looks.drawn, acting })
    stacks.set(stack, lane)
    return lane
  }
  return {
    look: (scope, read, signal) =>
      alone.look.hold(async () => {
        const seen = await read()
        looks.drawn += 1
        if (scope === 'host') looks.newest = looks.drawn
        return { look: looks.drawn, seen }
      }, signal),
    glance: () => (looks.drawn += 1),
    isNewest: (look) => look >= looks.newest,
    enter: (turn, work, signal) => laneOf(turn.stack).enter({ turn, work, signal }),
    seize: (turn, work, signal) => laneOf(turn.stack).seize(turn, work, signal),
    free: (stack, signal) => laneOf(stack).free(signal),
    whileNobodyActs: (work) => acting.holdAll(work),
    alone: (name, work, signal) => alone[name].hold(work, signal),
  }
}
