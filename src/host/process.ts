/** How a child is run. The environment is the scrubbed one plus `env`; nothing else of ours reaches it. */
export interface RunOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string | Uint8Array
  /** ms until the child's whole process group is ended; default 60,000. */
  readonly timeout?: number
  /** Bytes of stdout and of stderr kept; what is beyond is cut; default 16 MiB. */
  readonly maxOutput?: number
  readonly signal: AbortSignal
}

export interface ChildResult {
  /** `absent`: there is no such program. Only `exited` has an exit code. */
  readonly outcome: 'exited' | 'killed' | 'timed-out' | 'cancelled' | 'absent'
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
  /** stdout as bytes, for what is not text. */
  readonly stdoutBytes: Uint8Array
}

/** Runs one child to its end. A non-zero exit is an answer, never thrown. No shell is ever involved. */
export type RunChild = (
  command: string,
  args: readonly string[],
  options: RunOptions,
) => Promise<ChildResult>
