import { MagosError } from '../../src/domain/error.ts'
import type { ProbeAttempt } from '../../src/domain/deploy/probe-targets.ts'
import type { Prober } from '../../src/ports.ts'

/** Tries nothing: what fails has been said before, and everything else succeeds. */
export interface MemoryProber extends Prober {
  /** What was tried, in order. */
  readonly tried: readonly ProbeAttempt[]
  /** Says why an address, `HOST:PORT`, URL or command fails from now on; null lets it succeed again. */
  answer(what: string, failure: string | null): void
}

export function createMemoryProber(): MemoryProber {
  const failures = new Map<string, string>()
  const tried: ProbeAttempt[] = []
  return {
    tried,
    answer(what, failure) {
      if (failure === null) failures.delete(what)
      else failures.set(what, failure)
    },
    async attempt(attempt, signal) {
      await Promise.resolve()
      if (signal.aborted) throw new MagosError('interrupted', 'Try a service: interrupted')
      tried.push(attempt)
      return failures.get(nameOf(attempt)) ?? null
    },
  }
}

function nameOf(attempt: ProbeAttempt): string {
  switch (attempt.kind) {
    case 'tcp':
    case 'published':
      return `${attempt.host}:${attempt.port}`
    case 'http':
      return attempt.url
    case 'exec':
      return attempt.command.join(' ')
  }
}
