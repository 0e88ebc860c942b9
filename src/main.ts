import { fstatSync } from 'node:fs'
import manifest from '../package.json' with { type: 'json' }
import type { Operations } from './cli/operations.ts'
import { runProgram } from './cli/program.ts'
import { terminal, terminalBytes } from './main/terminal.ts'
import type { Base } from './main/base.ts'

const interrupt = new AbortController()
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => interrupt.abort(interruption(name)))
}
// Whoever read our output may have gone away, as `head` does; that is no failure of ours.
for (const output of [process.stdout, process.stderr]) {
  output.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
}
process.exitCode = await runProgram(
  {
    version: manifest.version,
    operations: operations(interrupt.signal),
    io: terminal,
    bytes: terminalBytes,
  },
  process.argv.slice(2),
)

/** What every wait ends with once the process was told to end. */
function interruption(name: string): DOMException {
  return new DOMException(`Interrupted by ${name}`, 'AbortError')
}

/** Each opens no more of the world than it needs, and only when its command runs. */
function operations(signal: AbortSignal): Operations {
  const looking = async () => {
    const { lookingOperations } = await import('./main/operations.ts')
    return lookingOperations(await openBase('stderr', 'warn'), signal)
  }
  const holding = async () => {
    const { holdOperations } = await import('./main/hold.ts')
    return holdOperations(await openBase('stderr', 'warn'), signal)
  }
  const committing = async () => {
    const { committingOperations } = await import('./main/committing.ts')
    return committingOperations(await openBase('stderr'), signal)
  }
  return {
    check: async () => (await looking()).check(),
    plan: async (stack) => (await looking()).plan(stack),
    status: async () => (await looking()).status(),
    checkSecrets: async () => (await looking()).checkSecrets(),
    history: async (stack, limit) => (await looking()).history(stack, limit),
    explain: async (stack) => (await looking()).explain(stack),
    decryptSecret: async (file) => (await looking()).decryptSecret(file),
    hold: async (stack, reason) => (await holding()).hold(stack, reason),
    release: async (stack) => (await holding()).release(stack),
    holdVersions: async (image, reason) => (await committing()).holdVersions(image, reason),
    releaseVersions: async (image, reason) => (await committing()).releaseVersions(image, reason),
    rollback: async (stack, to) => (await committing()).rollback(stack, to),
    async sync(stack, removals) {
      const { syncOnce } = await import('./main/sync.ts')
      return syncOnce(await openBase('stderr'), { stack, removals }, signal)
    },
    async doctor(treatment) {
      const { examineHost, unconfigured } = await import('./main/doctor.ts')
      const base = await openBase('stderr', 'warn').catch(unconfigured)
      return 'checks' in base ? base : examineHost(base, treatment, signal)
    },
    async run() {
      const { runDaemon } = await import('./main/daemon.ts')
      return runDaemon(await openBase('stdout'), signal)
    },
  }
}

/** Reads the configuration and makes what everything else is made with. Throws `configuration`. */
async function openBase(stream: 'stdout' | 'stderr', quiet?: 'warn'): Promise<Base> {
  const { createBase } = await import('./main/create-base.ts')
  const output = process[stream]
  return createBase({
    environment: process.env,
    workingDirectory: process.cwd(),
    version: manifest.version,
    output: {
      write: (line) => void output.write(line),
      isTerminal: output.isTTY,
      stat: fstatSync(output.fd),
    },
    ...(quiet === undefined ? {} : { quiet }),
  })
}
