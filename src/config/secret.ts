import { inspect } from 'node:util'

const SHOWN = '[secret]'

/** A value that no print, JSON or inspection shows; only `reveal()` does. */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  reveal(): string {
    return this.#value
  }

  toString(): string {
    return SHOWN
  }

  toJSON(): string {
    return SHOWN
  }

  [inspect.custom](): string {
    return SHOWN
  }
}
