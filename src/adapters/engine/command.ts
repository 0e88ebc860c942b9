import { engineRemedy } from '../../domain/engine-remedy.ts'
import { MagosError } from '../../domain/error.ts'
import type { ChildResult, RunChild, RunOptions } from '../../host/process.ts'

export type Runtime = 'podman' | 'docker'

/** How the engine's own program is called. */
export interface EngineCommand {
  readonly runtime: Runtime
  readonly run: RunChild
}

/** What engines say when they themselves are away or broken, whatever was asked of them. */
const UNREACHABLE = [
  /cannot connect to the docker daemon/i,
  /cannot connect to podman/i,
  /unable to connect to podman socket/i,
  /error during connect/i,
  /dial unix \S+: connect:/i,
  /permission denied while trying to connect to the docker/i,
  /is the docker daemon running/i,
  /cannot re-exec process/i,
  /command required for rootless mode/i,
  /invalid internal status/i,
  /newuidmap/i,
  /database configuration mismatch/i,
  /XDG_RUNTIME_DIR directory .* is not owned by/i,
  /(configure|creating|getting) (storage|runtime)/i,
]

/**
 * Runs the engine's program to its end; a non-zero exit is an answer. Throws `engine` when there is no such program or
 * it says that the engine is away, `interrupted` when the signal ended it.
 */
export async function askEngine(
  { runtime, run }: EngineCommand,
  args: readonly string[],
  options: RunOptions,
): Promise<ChildResult> {
  const result = await run(runtime, args, options)
  const what = `${runtime} ${args[0] ?? ''}`
  if (result.outcome === 'cancelled')
    throw new MagosError('interrupted', `Run "${what}": interrupted`)
  if (result.outcome === 'absent') throw absent(runtime)
  if (result.outcome !== 'timed-out' && result.exitCode !== 0 && isUnreachable(result.stderr)) {
    throw engineError(runtime, what, result)
  }
  return result
}

/** The error of an answer that the engine owed and did not give. */
export function engineError(runtime: Runtime, what: string, result: ChildResult): MagosError {
  const state =
    result.outcome === 'exited'
      ? lastWords(result.stderr) || `it exited with ${result.exitCode ?? 'no code'}`
      : `it was ${result.outcome}`
  return new MagosError('engine', `Ask the engine by "${what}": ${state}`, {
    remedy: remedyFor(runtime, state),
  })
}

function remedyFor(runtime: Runtime, state: string): string {
  if (runtime === 'docker' && /permission denied while trying to connect/i.test(state)) {
    return 'Let the daemon’s user use docker: sudo usermod -aG docker USER, then start its session anew. Whoever is in that group is root on this machine'
  }
  if (runtime === 'docker' && /cannot connect|daemon is running|failed to connect/i.test(state)) {
    return 'Start it: sudo systemctl enable --now docker. If its socket lies elsewhere, name that by DOCKER_HOST'
  }
  const known = runtime === 'podman' ? engineRemedy(state) : null
  return known ?? `Run "${runtime} info" as the daemon's user; it must succeed`
}

function isUnreachable(words: string): boolean {
  return UNREACHABLE.some((pattern) => pattern.test(words))
}

/** The last lines that say something. */
export function lastWords(stderr: string): string {
  return saidLines(stderr)
    .slice(-3)
    .map((line) => loggedText(line) ?? line)
    .join('; ')
    .replace(/^Error: /, '')
}

/** What was said of the question: podman logs harmless troubles before its answer, some at every call. */
export function saidLines(stderr: string): readonly string[] {
  return stderr
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^time="[^"]*" level=(debug|info|warning)/.test(line))
}

/** What podman logged as an error beside an answer that it gave. */
export function complaintsIn(stderr: string): readonly string[] {
  return saidLines(stderr).flatMap((line) => loggedText(line) ?? [])
}

/** The text of a line that podman's logger wrote; it quotes as Go does, whose usual escapes are JSON's. */
function loggedText(line: string): string | null {
  const text = /^time="[^"]*" level=\w+ msg=("(?:[^"\\]|\\.)*")/.exec(line)?.[1]
  if (text === undefined) return null
  try {
    return String(JSON.parse(text))
      .trim()
      .replaceAll(/\s*\n\s*/g, '; ')
  } catch {
    return text
  }
}

function absent(runtime: Runtime): MagosError {
  return new MagosError('engine', `Run "${runtime}": there is no such program`, {
    remedy: `Install ${runtime}, or set MD_RUNTIME to the engine that is installed`,
  })
}
