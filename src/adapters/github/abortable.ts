import { MagosError } from '../../domain/error.ts'

export function interrupted(action: string, signal: AbortSignal): MagosError {
  return new MagosError('interrupted', `${action}: interrupted`, { cause: signal.reason })
}

/** Waits for a promise, but no longer than until the signal. Throws `interrupted`. */
export async function abortable<T>(
  promise: Promise<T>,
  action: string,
  signal: AbortSignal,
): Promise<T> {
  if (signal.aborted) throw interrupted(action, signal)
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = (): void => reject(interrupted(action, signal))
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
