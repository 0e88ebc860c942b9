import type { Command } from 'commander'
import type { ExitCode, Io } from './io.ts'

/** What a command line comes to; run once all of it was read. */
export type Action = (io: Io) => Promise<ExitCode>

/** What a group of commands is added with. */
export interface Adding {
  /** A command of the program, with what all of them take. */
  readonly add: (usage: string, description: string) => Command
  /** Called with what the command that was meant does. */
  readonly choose: (action: Action) => void
}
