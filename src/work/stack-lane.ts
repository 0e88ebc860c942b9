import { MagosError } from '../domain/error.ts'
import { deploys, newestOf, staying, type Turn } from '../domain/turn.ts'
import type { Entered, Passage } from '../ports.ts'
import type { Permits } from './permits.ts'

/** What all lanes share. */
export interface Traffic {
  /** How many looks were drawn so far. */
  drawn(): number
  /** One for every stack that may be acted on at once. */
  readonly acting: Permits
}

export interface Entering<Result> {
  readonly turn: Turn
  readonly work: (entered: Entered) => Promise<Result>
  readonly signal: AbortSignal
}

interface Waiting<Result> extends Entering<Result> {
  readonly resolve: (passage: Passage<Result>) => void
  readonly reject: (reason: unknown) => void
}

/** Who works at one stack, and who waits for it. */
export class StackLane<Result> {
  readonly #traffic: Traffic
  #state: 'free' | 'worked' = 'free'
  /** The newest look at git whose work was begun. */
  #begun = 0
  /** How many looks were drawn when the last work ended: these know nothing of it. */
  #endedAt = 0
  #waiting: readonly Waiting<Result>[] = []
  /** What those saw who wait, or left while others wait. */
  #heard: Turn['departures'] = []
  readonly #watchers = new Set<() => void>()

  constructor(traffic: Traffic) {
    this.#traffic = traffic
  }

  async enter(entering: Entering<Result>): Promise<Passage<Result>> {
    const { turn, signal } = entering
    signal.throwIfAborted()
    if (this.#isOld(turn)) return outdated(turn.departures)
    if (this.#state === 'worked') return this.#wait(entering)
    if (!deploys(turn) && this.#hostOf(turn) === 'changed') return outdated(turn.departures)
    return this.#work(entering, turn)
  }

  async seize<Done>(
    turn: Pick<Turn, 'look' | 'kind' | 'stack'>,
    work: (act: Entered['act']) => Promise<Done>,
    signal: AbortSignal,
  ): Promise<Done | null> {
    signal.throwIfAborted()
    if (this.#state === 'worked' || this.#hostOf(turn) === 'changed') return null
    const passage = await this.#hold(turn, work, signal)
    return passage.outcome === 'done' ? passage.result : null
  }

  async free(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#state === 'free') return
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const end = () => reject(signal.reason)
    this.#watchers.add(resolve)
    signal.addEventListener('abort', end, { once: true })
    try {
      await promise
    } finally {
      this.#watchers.delete(resolve)
      signal.removeEventListener('abort', end)
    }
  }

  async #wait(entering: Entering<Result>): Promise<Passage<Result>> {
    const { turn, signal } = entering
    const { promise, resolve, reject } = Promise.withResolvers<Passage<Result>>()
    const waiting = { ...entering, resolve, reject }
    const end = () => {
      this.#waiting = this.#waiting.filter((one) => one !== waiting)
      reject(signal.reason)
    }
    signal.addEventListener('abort', end, { once: true })
    this.#hear(turn.departures)
    const all = [...this.#waiting, waiting]
    this.#waiting = staying(all)
    for (const one of all) if (!this.#waiting.includes(one)) one.resolve(LEFT)
    try {
      return await promise
    } finally {
      signal.removeEventListener('abort', end)
    }
  }

  async #work({ work, signal }: Entering<Result>, turn: Turn): Promise<Passage<Result>> {
    const { departures, asked } = turn
    const host = this.#hostOf(turn)
    return this.#hold(turn, (act) => work({ departures, asked, host, act }), signal)
  }

  /** What is thrown here for a newer turn that waits is seen by nobody else. */
  async #hold<Done>(
    turn: Pick<Turn, 'look' | 'kind' | 'stack'> & Partial<Pick<Turn, 'departures'>>,
    work: (act: Entered['act']) => Promise<Done>,
    signal: AbortSignal,
  ): Promise<{ readonly outcome: 'done'; readonly result: Done } | typeof LEFT> {
    const overtaken = new MagosError('busy', `Leave stack "${turn.stack}": a newer look came`)
    const act: Entered['act'] = (acting) =>
      this.#traffic.acting.hold(() => {
        if (this.#isOvertaken()) throw overtaken
        return acting()
      }, signal)
    this.#state = 'worked'
    if (deploys(turn)) this.#begun = turn.look
    try {
      return { outcome: 'done', result: await work(act) }
    } catch (thrown) {
      if (thrown !== overtaken) throw thrown
      this.#hear(turn.departures ?? [])
      return LEFT
    } finally {
      this.#state = 'free'
      this.#endedAt = this.#traffic.drawn()
      this.#next()
    }
  }

  /** Lets the newest of those that wait do the work of all. */
  #next(): void {
    const due = this.#waiting
    const departures = this.#heard
    this.#waiting = []
    this.#heard = []
    const newest = newestOf(due)
    if (newest === null) return this.#tellWatchers()
    if (deploys(newest.turn)) return void this.#workForAll(newest, due, departures)
    // What it looked at is what was before the work that it waited for.
    newest.resolve(outdated(departures))
    this.#tellWatchers()
  }

  /** Never rejects. */
  async #workForAll(
    newest: Waiting<Result>,
    due: readonly Waiting<Result>[],
    departures: Turn['departures'],
  ): Promise<void> {
    const asked = due.some(({ turn }) => turn.asked === 'by-person') ? 'by-person' : 'by-event'
    try {
      const passage = await this.#work(newest, { ...newest.turn, asked, departures })
      const shared =
        passage.outcome === 'done' ? { ...passage, outcome: 'shared' as const } : passage
      for (const one of due) one.resolve(one === newest ? passage : shared)
    } catch (thrown) {
      for (const one of due) one.reject(thrown)
    }
  }

  /** Of one container the newest word counts. */
  #hear(departures: Turn['departures']): void {
    const all = [...this.#heard, ...departures]
    this.#heard = [...new Map(all.map((one) => [one.container, one])).values()]
  }

  #tellWatchers(): void {
    for (const tell of this.#watchers) tell()
  }

  /** Whether somebody who waits will do the same with newer eyes. */
  #isOvertaken(): boolean {
    return this.#waiting.some(({ turn }) => deploys(turn))
  }

  /** Something newer was begun: to follow it would be to go back. */
  #isOld(turn: Pick<Turn, 'look' | 'kind'>): boolean {
    return deploys(turn) && turn.look < this.#begun
  }

  #hostOf({ look }: Pick<Turn, 'look'>): Entered['host'] {
    return this.#endedAt >= look ? 'changed' : 'as-seen'
  }
}

const LEFT = { outcome: 'left' } as const

function outdated<Result>(departures: Turn['departures']): Passage<Result> {
  return { outcome: 'outdated', departures }
}
