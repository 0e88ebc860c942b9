/** A few at a time; the others wait in the order in which they came. */
export class Permits {
  readonly #most: number
  #taken = 0
  readonly #waiting = new Set<() => void>()

  constructor(most: number) {
    this.#most = most
  }

  /** Does the work once there is room for it. Rejects with the signal's reason when it is aborted before. */
  async hold<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    await this.#take(signal)
    try {
      return await work()
    } finally {
      this.#give(1)
    }
  }

  /** Does the work while nobody else holds a permit, and keeps everybody away meanwhile; `busy` where somebody does. */
  async holdAll(work: () => Promise<void>): Promise<'done' | 'busy'> {
    if (this.#taken > 0) return 'busy'
    this.#taken = this.#most
    try {
      await work()
      return 'done'
    } finally {
      this.#give(this.#most)
    }
  }

  async #take(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#taken < this.#most && this.#waiting.size === 0) {
      this.#taken += 1
      return
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const end = () => {
      // At once, or a permit would be given to whoever does not wait any more.
      this.#waiting.delete(resolve)
      reject(signal.reason)
    }
    this.#waiting.add(resolve)
    signal.addEventListener('abort', end, { once: true })
    try {
      await promise
    } finally {
      signal.removeEventListener('abort', end)
    }
  }

  #give(number: number): void {
    this.#taken -= number
    for (const next of [...this.#waiting].slice(0, this.#most - this.#taken)) {
      this.#waiting.delete(next)
      this.#taken += 1
      next()
    }
  }
}
