import { isWaitedFor } from '../domain/event.ts'
import type { Lane, Run } from './runs.ts'

export interface LaneState {
  /** Lanes in which a run is under way. */
  readonly busy: ReadonlySet<Lane>
  /** Kinds of which no run starts before then, so that a flood of events is worked off in gulps. */
  readonly spaced: ReadonlyMap<Run['event']['kind'], number>
  /** Lanes that must rest until then, because somebody outside asked for it. */
  readonly holds: ReadonlyMap<Lane, number>
  readonly now: number
}

export interface Choice {
  readonly start: readonly Run[]
  /** When to look again if nothing happens before; null when there is nothing to wait for. */
  readonly wakeAt: number | null
}

/**
 * Which runs start now. Oldest first: a run that is due and finds one of its lanes taken keeps its other lanes free for
 * itself, so one that needs two is never overtaken for ever.
 */
export function chooseRuns(runs: readonly Run[], { busy, holds, spaced, now }: LaneState): Choice {
  const taken = new Set(busy)
  const start: Run[] = []
  let wakeAt: number | null = null
  for (const run of runs.toSorted((a, b) => a.since - b.since)) {
    const from = Math.max(run.dueAt, heldUntil(run, holds), spaced.get(run.event.kind) ?? 0)
    if (from > now) {
      wakeAt = Math.min(wakeAt ?? from, from)
      continue
    }
    const needed = [...exclusive(run), ...run.behind]
    if (needed.every((lane) => !taken.has(lane))) start.push(run)
    for (const lane of exclusive(run)) taken.add(lane)
  }
  return { start, wakeAt }
}

/** The lanes that a run has for itself. */
export function exclusive({ lanes }: Pick<Run, 'lanes'>): readonly Lane[] {
  return lanes.filter((lane) => lane !== 'deploy' && lane !== 'drift')
}

function heldUntil({ event, lanes }: Run, holds: ReadonlyMap<Lane, number>): number {
  if (isWaitedFor(event)) return 0
  return Math.max(0, ...lanes.map((lane) => holds.get(lane) ?? 0))
}
