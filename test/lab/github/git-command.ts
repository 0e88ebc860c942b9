import { execa } from 'execa'
import { openLooseObjects } from './objects.ts'
import type { LooseObjects } from './objects.ts'

export interface GitOptions {
  readonly input?: string | Uint8Array
  readonly env?: Readonly<Record<string, string>>
}

/** Git on one bare repository: its plumbing, and its loose objects without it. */
export interface Git {
  readonly directory: string
  readonly objects: LooseObjects
  run(args: readonly string[], options?: GitOptions): Promise<string>
  bytes(args: readonly string[]): Promise<Buffer>
  /** null where git refuses. */
  attempt(args: readonly string[], options?: GitOptions): Promise<string | null>
}

export function createGit(directory: string): Git {
  const settings = { GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null', LC_ALL: 'C' }
  const command = (args: readonly string[]): string[] => ['--git-dir', directory, ...args]
  const attempt = async (
    args: readonly string[],
    { input = '', env = {} }: GitOptions = {},
  ): Promise<{ failed: boolean; stdout: string; stderr: string }> => {
    const options = { env: { ...settings, ...env }, input, reject: false, maxBuffer: 1e9 } as const
    const { failed, stdout, stderr } = await execa('git', command(args), options)
    return { failed, stdout, stderr }
  }
  return {
    directory,
    objects: openLooseObjects(directory),
    async run(args, options) {
      const { failed, stdout, stderr } = await attempt(args, options)
      if (failed) throw new Error(`git ${args.join(' ')} failed: ${stderr}`)
      return stdout
    },
    async attempt(args, options) {
      const { failed, stdout } = await attempt(args, options)
      return failed ? null : stdout
    },
    async bytes(args) {
      const { stdout } = await execa('git', command(args), {
        env: settings,
        encoding: 'buffer',
        stripFinalNewline: false,
      })
      return Buffer.from(stdout)
    },
  }
}
