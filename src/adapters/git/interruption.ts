import { MagosError } from '../../domain/error.ts'

/** Throws `interrupted` once the signal is aborted. */
export function interruptedIfAborted(signal: AbortSignal, action: string): void {
  if (signal.aborted) {
    throw new MagosError('interrupted', `${action}: interrupted`, { cause: signal.reason })
  }
}
