import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import type {
  CheckAnswer,
  HoldAnswer,
  PlanAnswer,
  ExplainAnswer,
  HistoryAnswer,
  ReleaseAnswer,
  RollbackAnswer,
  SecretsCheckAnswer,
  StatusAnswer,
  SyncAnswer,
  VersionsAnswer,
} from '../domain/answer.ts'
import type { DoctorAnswer } from '../domain/doctor/check.ts'
import { asMagosError, MagosError } from '../domain/error.ts'
import { sopsFormats } from '../domain/sops/format-name.ts'
import type { SealedFile } from '../ports.ts'
import { exitCodeOf } from './exit-code.ts'
import { printError } from './failure.ts'
import type { ByteIo, ExitCode, Io } from './io.ts'
import type { PolicyOptions } from './policy.ts'
import type { SecretsDecryptOptions } from './secrets-decrypt.ts'

/** What commands ask for beyond the files that they are given; each is made only when its command runs. */
export interface Operations {
  check(): Promise<CheckAnswer>
  plan(stack: string | null): Promise<PlanAnswer>
  sync(stack: string | null, removals: 'guarded' | 'confirmed'): Promise<SyncAnswer>
  status(): Promise<StatusAnswer>
  history(stack: string | null, limit: number): Promise<HistoryAnswer>
  explain(stack: string): Promise<ExplainAnswer>
  hold(stack: string, reason: string): Promise<HoldAnswer>
  release(stack: string): Promise<ReleaseAnswer>
  holdVersions(image: string, reason: string): Promise<VersionsAnswer>
  releaseVersions(image: string, reason: string): Promise<VersionsAnswer>
  rollback(stack: string, to: string | null): Promise<RollbackAnswer>
  checkSecrets(): Promise<SecretsCheckAnswer>
  doctor(treatment: 'look' | 'fix'): Promise<DoctorAnswer>
  /** The plaintext of one encrypted file, by this host's keys. */
  decryptSecret(file: SealedFile): Promise<Uint8Array>
  /** The daemon; resolves when it was told to end. */
  run(): Promise<ExitCode>
}

export interface ProgramContext {
  readonly version: string
  readonly operations: Operations
  io(format: Io['format']): Io
  readonly bytes: ByteIo
}

type Action = (io: Io) => Promise<ExitCode>

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

  addTextCommands(add, choose)
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
  add('status', 'show what runs on this host').action(() =>
    choose(async (out) => {
      const { printStatus } = await import('./status.ts')
      return printStatus(out, await operations.status())
    }),
  )
  addMemoryCommands(operations, add, choose)
  addHoldCommands(operations, add, choose)
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

/** Files of SOPS. Only opening them is Magos's business. */
function addSecretsCommands(
  { operations, bytes }: ProgramContext,
  program: Command,
  choose: (action: Action) => void,
): void {
  const secrets = program
    .command('secrets')
    .description('open files of SOPS; to encrypt and edit them is left to sops itself')
  secrets
    .command('decrypt <file>')
    .description('print the plaintext of an encrypted file as sops does; - for stdin')
    .addOption(new Option('--input-type <type>', 'what the file is').choices(sopsFormats))
    .addOption(new Option('--output-type <type>', 'what to print').choices(sopsFormats))
    .option('--json', 'tell a refusal as a JSON document')
    .allowExcessArguments(false)
    .action((file: string, options: SecretsDecryptOptions) =>
      choose(async () => {
        const { secretsDecryptCommand } = await import('./secrets-decrypt.ts')
        return secretsDecryptCommand(bytes, operations, file, options)
      }),
    )
  secrets
    .command('check')
    .description('try every encrypted file of the repository, and name those that do not open here')
    .option('--json', 'print one JSON document')
    .allowExcessArguments(false)
    .action(() =>
      choose(async (io) => {
        const { printSecretsCheck } = await import('./secrets-check.ts')
        return printSecretsCheck(io, await operations.checkSecrets())
      }),
    )
}

/** What this host remembers. */
function addMemoryCommands(
  operations: Operations,
  add: (usage: string, description: string) => Command,
  choose: (action: Action) => void,
): void {
  add('history [stack]', 'what was deployed here, newest first')
    .option('--limit <number>', 'so many at the most', readLimit, 50)
    .action((stack: string | undefined, { limit }: { readonly limit: number }) =>
      choose(async (io) => {
        const { printHistory } = await import('./history.ts')
        return printHistory(io, await operations.history(stack ?? null, limit))
      }),
    )
  add('explain <stack>', 'why a stack is as it is, what waits, and what you can do').action(
    (stack: string) =>
      choose(async (io) => {
        const { printExplain } = await import('./explain.ts')
        return printExplain(io, await operations.explain(stack))
      }),
  )
}

function readLimit(text: string): number {
  const limit = Number(text)
  if (Number.isSafeInteger(limit) && limit > 0) return limit
  throw new InvalidArgumentError('It is no number from 1 on.')
}

/** What a person decides over a stack of this host. */
function addHoldCommands(
  operations: Operations,
  add: (usage: string, description: string) => Command,
  choose: (action: Action) => void,
): void {
  add('hold <stack|version>', 'leave a stack of this host as it is, or never pick IMAGE:TAG')
    .option('--reason <text>', 'why, for whoever looks at it later')
    .action((name: string, { reason = '' }: { readonly reason?: string }) =>
      choose(async (io) => {
        if (isImage(name)) return tellVersions(io, await operations.holdVersions(name, reason))
        const { printHold } = await import('./hold.ts')
        return printHold(io, await operations.hold(name, reason))
      }),
    )
  add('release <stack|image>', 'end the hold of a stack, or let versions of an image be picked')
    .option('--reason <text>', 'why; for an image')
    .action((name: string, { reason = '' }: { readonly reason?: string }) =>
      choose(async (io) => {
        if (isImage(name)) return tellVersions(io, await operations.releaseVersions(name, reason))
        const { printRelease } = await import('./release.ts')
        return printRelease(io, await operations.release(name))
      }),
    )
  add('rollback <stack>', "put a stack's images back, list what they replace, and deploy")
    .option('--to <commit>', 'as they stood there; default: the last proven state before')
    .action((stack: string, { to }: { readonly to?: string }) =>
      choose(async (io) => {
        const { printRollback } = await import('./rollback.ts')
        return printRollback(io, await operations.rollback(stack, to ?? null))
      }),
    )
}

/** No stack's name holds any of these; an image of one word is named by its tag or as docker.io/library/NAME. */
function isImage(name: string): boolean {
  return /[/:@.]/u.test(name)
}

async function tellVersions(io: Io, answer: VersionsAnswer): Promise<ExitCode> {
  const { printVersions } = await import('./versions.ts')
  return printVersions(io, answer)
}

/** Commands that need their arguments and nothing of this host. */
function addTextCommands(
  add: (usage: string, description: string) => Command,
  choose: (action: Action) => void,
): void {
  add('image <ref...>', 'show how image references are read').action((refs: string[]) =>
    choose(async (io) => {
      const { imageCommand } = await import('./image.ts')
      return imageCommand(io, refs)
    }),
  )
  add('policy', 'show what a policy makes of a list of tags')
    .addOption(
      new Option(
        '--policy <kind>',
        'semver, calver, numeric, latest or digest',
      ).makeOptionMandatory(),
    )
    .requiredOption('--tags <file>', 'tags, one a line; - for stdin')
    .option('--range <range>', "semver's range, in npm's dialect")
    .option('--include <re>', 'keep tags that match')
    .option('--exclude <re>', 'drop tags that match')
    .option('--extract <re>', 'take the named group "version" out of a tag')
    .option('--prerelease', 'prereleases count too')
    .option('--max-jump <number>', 'how far the first number may rise at once')
    .option('--missing <what>', 'hold or proceed where the committed tag is not listed')
    .option('--ignore <tag...>', 'tags to pass over')
    .option('--tag <tag>', 'the tag that latest follows')
    .option('--digest <digest>', 'the digest that digest keeps')
    .option('--current <tag>', 'the committed tag')
    .action((options: PolicyOptions) =>
      choose(async (io) => {
        const { policyCommand } = await import('./policy.ts')
        return policyCommand(io, options)
      }),
    )
  add('scan [path...]', 'list the images of compose files, and what is wrong with them').action(
    (paths: string[]) =>
      choose(async (io) => {
        const { scanCommand } = await import('./scan.ts')
        return scanCommand(io, paths)
      }),
  )
  add('annotate [path...]', 'propose an annotation for every image that has none')
    .option('--write', 'write them; not one other byte changes')
    .action((paths: string[], { write = false }: { readonly write?: boolean }) =>
      choose(async (io) => {
        const { annotateCommand } = await import('./annotate.ts')
        return annotateCommand(io, paths, write ? 'write' : 'propose')
      }),
    )
  add('set-image <file> <service> <ref>', "change one service's image, and no other byte").action(
    (file: string, service: string, ref: string) =>
      choose(async (io) => {
        const { setImageCommand } = await import('./set-image.ts')
        return setImageCommand(io, file, service, ref)
      }),
  )
}
