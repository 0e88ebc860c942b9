import { MagosError } from '../../domain/error.ts'
import type { ChildResult, RunChild } from '../../host/process.ts'

export interface GitCall {
  readonly signal: AbortSignal
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string | Uint8Array
  /** Exit codes that are answers; default only 0. */
  readonly accept?: readonly number[]
  readonly maxOutput?: number
}

/** Runs git's plumbing. Throws `git` with git's own words for every other exit, `interrupted` when the signal ends it. */
export type NativeGit = (args: readonly string[], call: GitCall) => Promise<ChildResult>

/**
 * Git that runs nothing but itself: no hooks, no monitor, no transport, no prompt, no pager, and no configuration but
 * the repository's own. `trusted`: directories that may belong to somebody else.
 */
export function createNativeGit(run: RunChild, trusted: readonly string[]): NativeGit {
  const settings = [
    ...trusted.map((path) => `safe.directory=${path}`),
    'core.hooksPath=/dev/null',
    'core.fsmonitor=false',
    'protocol.allow=never',
    'gc.auto=0',
    'i18n.commitEncoding=UTF-8',
  ].flatMap((setting) => ['-c', setting])
  return async (args, { accept = [0], env, ...options }) => {
    const result = await run('git', ['--no-pager', ...settings, ...args], {
      ...options,
      env: { ...environment, ...env },
    })
    if (result.outcome === 'exited' && accept.includes(result.exitCode ?? -1)) return result
    throw failed(args, result)
  }
}

/** First line that git wrote, without its prefix and without what a terminal would obey. */
function wordsOf({ stderr }: Pick<ChildResult, 'stderr'>): string {
  const line = stderr.split('\n').find((text) => text.trim() !== '') ?? ''
  // eslint-disable-next-line no-control-regex -- terminal escapes are what must not pass
  const plain = line.replaceAll(/[\u0000-\u001F\u007F-\u009F]/gu, ' ')
  return plain.replace(/^(?:fatal|error): /u, '').slice(0, 300)
}

const environment: Readonly<Record<string, string>> = {
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_ATTR_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_NO_REPLACE_OBJECTS: '1',
  GIT_NO_LAZY_FETCH: '1',
  GIT_LITERAL_PATHSPECS: '1',
  LC_ALL: 'C',
}

function failed(args: readonly string[], result: ChildResult): MagosError {
  const action = `Run "git ${args.find((arg) => !arg.startsWith('-')) ?? ''}"`
  switch (result.outcome) {
    case 'absent':
      return new MagosError('git', `${action}: there is no git on this machine`, {
        remedy: 'Install the package "git"',
      })
    case 'cancelled':
      return new MagosError('interrupted', `${action}: interrupted`)
    case 'timed-out':
      return new MagosError('git', `${action}: it did not end in time`)
    case 'killed':
      return new MagosError('git', `${action}: it was killed`)
    default:
      return new MagosError('git', `${action}: ${wordsOf(result) || `exit ${result.exitCode}`}`)
  }
}
