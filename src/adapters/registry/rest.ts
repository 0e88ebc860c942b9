import { setTimeout as sleep } from 'node:timers/promises'

/** ms that are waited for instead of giving up. */
export const shortRest = 2_000

/** Waits. Rejects with the reason of its signal. */
export async function rested(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal })
  } catch {
    signal.throwIfAborted()
  }
}
