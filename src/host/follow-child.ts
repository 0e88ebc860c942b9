import { createInterface } from 'node:readline'
import { MagosError } from '../domain/error.ts'
import { childEnvironment, type RunChildContext } from './process.ts'
import { endGroup, startTimeOf } from './process-group.ts'

export interface FollowOptions {
  readonly signal: AbortSignal
}

/** How a followed child ended: `absent` where there is no such program. */
export type FollowEnd = { readonly outcome: 'ended' | 'absent'; readonly stderr: string }

/**
 * Runs one child and yields the lines of its stdout as they come, until it ends; what it says on stderr is in the end.
 * Whoever stops reading, or aborts, ends the child with its whole process group; an abort is no error here.
 */
export type FollowChild = (
  command: string,
  args: readonly string[],
  options: FollowOptions,
) => AsyncGenerator<string, FollowEnd>

/** Kept of stderr. */
const STDERR = 4_096
const GRACE = 1_000

/** Children with the same environment, journal and end as those of `createRunChild`. */
export function createFollowChild({
  environment,
  journal,
  grace = GRACE,
}: RunChildContext): FollowChild {
  const env = childEnvironment(environment)
  return async function* follow(command, args, { signal }) {
    if (signal.aborted) return { outcome: 'ended', stderr: '' }
    const { execa } = await import('execa')
    const options = { env, extendEnv: false, detached: true, cleanup: false, reject: false }
    const child = execa(command, [...args], { ...options, buffer: false, stdin: 'ignore' as const })
    const { pid, stdout, stderr } = child
    if (pid === undefined) return unstarted(command, await child)
    let said = ''
    stderr.on('data', (data: Buffer) => {
      said = (said + data.toString('utf8')).slice(-STDERR)
    })
    let ending: Promise<void> | null = null
    const end = (): Promise<void> => (ending ??= endGroup(pid, grace))
    const abort = () => void end()
    try {
      journal?.started(pid, startTimeOf(pid) ?? 0, command)
      signal.addEventListener('abort', abort, { once: true })
      if (signal.aborted) abort()
      yield* createInterface({ input: stdout, crlfDelay: Infinity })
    } finally {
      signal.removeEventListener('abort', abort)
      await end()
      await child
      journal?.ended(pid)
    }
    return { outcome: 'ended', stderr: said }
  }
}

function unstarted(command: string, cause: unknown): FollowEnd {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  if (code === 'ENOENT' || code === 'EACCES') return { outcome: 'absent', stderr: '' }
  throw new MagosError('internal', `Run "${command}": the machine cannot start it`, { cause })
}
