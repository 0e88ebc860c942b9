import type { Context } from '../../handlers/context.ts'

/** A process that is killed at its n-th step outside itself, `before` that takes effect or `after`. */
export interface Death {
  readonly at: number
  readonly when: 'before' | 'after'
}

export interface Dying {
  readonly ctx: Context
  /** What was about to be done, or done; null while it lives. */
  readonly died: () => string | null
}

/**
 * The same world for a process that dies in it: from its death on no port does anything any more. Nothing is aborted and
 * nobody tidies up, as after SIGKILL.
 */
export function dying(ctx: Context, { at, when }: Death): Dying {
  let steps = 0
  let death: string | null = null
  const step: Step = (name, act) => {
    if (death !== null) throw new Killed(death)
    steps += 1
    if (steps !== at) return act()
    death = name
    if (when === 'before') throw new Killed(name)
    const result = act()
    // What the step does is done when its promise is; nobody hears of it.
    if (result instanceof Promise) return result.then(() => Promise.reject(new Killed(name)))
    throw new Killed(name)
  }
  return {
    ctx: {
      ...ctx,
      engine: watched(ctx.engine, 'engine', step),
      compose: watched(ctx.compose, 'compose', step),
      files: watched(ctx.files, 'files', step),
      lastGood: watched(ctx.lastGood, 'lastGood', step),
      history: watched(ctx.history, 'history', step),
      get now() {
        return ctx.now
      },
    },
    died: () => death,
  }
}

/** What nothing catches as an answer: a real process would not be there to catch it. */
export class Killed extends DOMException {
  constructor(step: string) {
    super(`Killed at ${step}`, 'AbortError')
  }
}

type Step = (name: string, act: () => unknown) => unknown

function watched<Port extends object>(port: Port, name: string, step: Step): Port {
  return new Proxy(port, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key)
      if (typeof member !== 'function') return member
      return (...args: unknown[]): unknown =>
        step(`${name}.${String(key)}`, () => Reflect.apply(member, target, args))
    },
  })
}
