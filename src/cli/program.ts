import { Command, CommanderError } from 'commander'
import { asMagosError, MagosError } from '../domain/error.ts'
import type { Action } from './adding.ts'
import { exitCodeOf } from './exit-code.ts'
import { printError } from './failure.ts'
import { addHoldCommands } from './hold-commands.ts'
import type { ByteIo, ExitCode, Io } from './io.ts'
import { addMemoryCommands } from './memory-commands.ts'
import type { Operations } from './operations.ts'
import { addSecretsCommands } from './secrets-commands.ts'
import { addTextCommands } from './text-commands.ts'

export interface ProgramContext {
  readonly version: string
  readonly operations: Operations
  io(format: Io['format']): Io
  readonly bytes: ByteIo
}

/** Runs one command line and resolves to its exit code. Whatever goes wrong is told, never thrown. */
export async function runProgram(ctx: ProgramContext, args: readonly string[]): Promise<ExitCode> {
  const json = args.includes('--json')
  const io = ctx.io(json ? 'json' : 'text')
  let action: Action | undefined
  const program = commandTree(ctx, io, (chosen) => {
    action = chosen
  })
  try {
    await program.parseAsync([...args], { from: 'user' })
    return action === undefined ? 0 : await action(io)
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return 0
    // Without a command the help was the answer already.
    if (thrown instanceof CommanderError && thrown.code === 'commander.help') return 2
    const error =
      thrown instanceof CommanderError
        ? usageError(thrown, commandOf(program, args))
        : asMagosError(thrown)
    printError(io, error)
    return exitCodeOf(error)
  }
}

/** The command that was meant, as its help is asked for. */
function commandOf(parent: Command, args: readonly string[]): string {
  const [name = '', ...rest] = args
  const command = parent.commands.find((one) => one.name() === name)
  return command === undefined ? parent.name() : `${parent.name()} ${commandOf(command, rest)}`
}

function usageError({ message }: CommanderError, command: string): MagosError {
  const text = message.replace(/^error: /u, '').replace(/\.$/u, '')
  return new MagosError('usage', `Cannot read the command line: ${text}`, {
    remedy: `See: ${command} --help`,
  })
}

function commandTree(ctx: ProgramContext, io: Io, choose: (action: Action) => void): Command {
  const { operations } = ctx
  const program = new Command('magos')
    .description('GitOps for homelabs: from a pushed image to a proven container')
    .version(ctx.version, '-V, --version')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.write(text),
      writeErr: (text) => io.note(text),
      outputError: () => undefined,
    })
    .showHelpAfterError(false)
  const add = (usage: string, description: string) =>
    program
      .command(usage)
      .description(description)
      .option('--json', 'print one JSON document')
      .allowExcessArguments(false)

  addTextCommands({ add, choose })
  add('check', 'ask the registries what would be updated; change nothing').action(() =>
    choose(async (out) => {
      const { printCheck } = await import('./check.ts')
      return printCheck(out, await operations.check())
    }),
  )
  add('plan [stack]', 'show what a deployment would do to each service; run nothing').action(
    (stack?: string) =>
      choose(async (out) => {
        const { printPlan } = await import('./plan.ts')
        return printPlan(out, await operations.plan(stack ?? null))
      }),
  )
  add('sync [stack]', 'one whole pass now: check, commit, deploy, prove')
    .option('--confirm-removals', 'let stacks go that left the repository, however many they are')
    .action((stack: string | undefined, { confirmRemovals }: { confirmRemovals?: true }) =>
      choose(async (out) => {
        const { printSync } = await import('./sync.ts')
        const removals = confirmRemovals === true ? 'confirmed' : 'guarded'
        return printSync(out, await operations.sync(stack ?? null, removals))
      }),
    )
  addMemoryCommands(operations, { add, choose })
  addHoldCommands(operations, { add, choose })
  addSecretsCommands(ctx, program, choose)
  add('doctor', 'look at everything that Magos stands on, and say what is missing')
    .option('--fix', 'put right what needs nobody else: the data directory’s mode, lingering')
    .action(({ fix = false }: { readonly fix?: boolean }) =>
      choose(async (out) => {
        const { printDoctor } = await import('./doctor.ts')
        return printDoctor(out, await operations.doctor(fix ? 'fix' : 'look'))
      }),
    )
  add('run', 'the daemon').action(() => choose(() => operations.run()))
  return program
}
