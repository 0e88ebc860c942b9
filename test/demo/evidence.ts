/**
 * What the timeline is made of: the daemon's own log lines, the lab's deliveries and statuses, and the engine's events.
 * Everything that waits here ends with the signal.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { LabDaemon, LogLine } from '../lab/daemon.ts'
import type { LabEngine } from '../lab/engine/start.ts'
import type { Delivery } from '../lab/github/deliveries.ts'
import type { Homelab } from '../lab/homelab.ts'

/** ms that anything may take to happen. */
const PATIENCE = 30_000
const LOOK_EVERY = 20

/** Rejects with the signal's reason when that comes first. */
export async function unlessAborted<T>(signal: AbortSignal, wanted: Promise<T>): Promise<T> {
  signal.throwIfAborted()
  const { promise, reject } = Promise.withResolvers<never>()
  const give = () => reject(signal.reason)
  signal.addEventListener('abort', give, { once: true })
  try {
    return await Promise.race([wanted, promise])
  } finally {
    signal.removeEventListener('abort', give)
  }
}

/** Looks until there is something; rejects after half a minute. */
export async function eventually<T>(
  what: string,
  look: () => T | undefined | Promise<T | undefined>,
  signal: AbortSignal,
): Promise<T> {
  for (const late = performance.now() + PATIENCE; performance.now() < late;) {
    const found = await look()
    if (found !== undefined) return found
    await sleep(LOOK_EVERY, undefined, { signal })
  }
  throw new Error(`Wait for ${what}: it did not come within ${PATIENCE / 1000} s`)
}

/** The first line that the daemon wrote at or after an instant and that fits. */
export async function lineSince(
  daemon: LabDaemon,
  since: number,
  fits: (line: LogLine) => boolean,
  signal: AbortSignal,
): Promise<LogLine> {
  const wanted = daemon.line((line) => timeOf(line) >= since && fits(line), PATIENCE)
  return await unlessAborted(signal, wanted)
}

export function timeOf(line: LogLine): number {
  return Date.parse(String(line['time']))
}

/** Where the daemon listens. */
export function addressOf({ lines }: LabDaemon): string {
  const listening = lines.find(({ message }) => message.startsWith('Listening on'))
  return String(listening?.['address'])
}

/** A delivery that was made at or after an instant, once it was answered. */
export async function deliverySince(
  { github }: Homelab,
  since: number,
  { event, fits = () => true }: { event: string; fits?: (delivery: Delivery) => boolean },
  signal: AbortSignal,
): Promise<Delivery> {
  const look = () =>
    github.deliveries.log.find(
      (one) => one.event === event && one.deliveredAt >= since && fits(one),
    )
  return await eventually(`a delivery of "${event}"`, look, signal)
}

/** Tells when containers start, as the engine says it. */
export interface Starts {
  /** Resolves at the next start of any container. */
  next(): Promise<void>
  close(): Promise<void>
}

export function followStarts({ env }: LabEngine): Starts {
  const filter = ['--filter', 'type=container', '--filter', 'event=start']
  const child = spawn('podman', ['events', '--format', 'json', ...filter], {
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const ended = once(child, 'close').catch(() => undefined)
  return {
    // A podman without events lets this wait for ever: whoever races it with something else still learns of the start.
    next: () => new Promise((resolve) => void child.stdout.once('data', () => resolve())),
    async close() {
      child.kill('SIGTERM')
      await ended
    },
  }
}
