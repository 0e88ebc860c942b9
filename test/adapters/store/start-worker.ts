import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export interface Worker {
  /** Lines that it printed so far. */
  readonly lines: readonly string[]
  /** Resolves with the first line of that beginning. */
  line(beginning: string): Promise<string>
  /** SIGKILL; resolves when it is gone and all that it printed is read. */
  kill(): Promise<void>
}

const script = fileURLToPath(new URL('worker.ts', import.meta.url))

export function startWorker(
  action: 'accept' | 'settle' | 'request' | 'open' | 'lock',
  path: string,
): Worker {
  const child = spawn(process.execPath, [script, action, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines: string[] = []
  const reader = createInterface({ input: child.stdout })
  const closed = once(reader, 'close')
  reader.on('line', (line) => void lines.push(line))

  return {
    lines,
    async line(beginning) {
      for (;;) {
        const found = lines.find((line) => line.startsWith(beginning))
        if (found !== undefined) return found
        if (hasEnded(child)) throw new Error(`Worker ended without "${beginning}"`)
        await Promise.race([once(reader, 'line'), closed])
      }
    },
    async kill() {
      child.kill('SIGKILL')
      await closed
    },
  }
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null
}
