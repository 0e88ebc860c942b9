import type { RunChild } from '../../host/process.ts'
import { commandWords } from './command-words.ts'
import { readKeys, type Identities, type KeyIdentity } from './identities.ts'
import { readKeyFile } from './key-file.ts'
import type { KeySource } from './key-sources.ts'

export interface LoadContext {
  readonly run: RunChild
  /** What programs that hand out keys get beside what every child gets and `SOPS_AGE_RECIPIENT`. */
  readonly commandEnvironment: Readonly<Record<string, string>>
}

/** Longest time for a program that hands out a key, ms: it may ask a person, but nobody waits for ever. */
const COMMAND_DEADLINE = 60_000

type CommandSource = Extract<KeySource, { kind: 'command' }>

/** Reads every place. What is wrong with one is kept for the day on which a key is missing; no other is stopped. */
export async function loadIdentities(
  ctx: LoadContext,
  sources: readonly KeySource[],
): Promise<Identities> {
  const collected = emptyCollection()
  for (const source of sources) {
    if (source.kind === 'text') await take(collected, source.name, source.text)
    if (source.kind === 'file') await takeFile(collected, source)
  }
  const commands = sources.filter((source) => source.kind === 'command')
  const answers = new Map<string, Identities>()
  return {
    ...collected,
    async ask(recipient, signal) {
      if (commands.length === 0) return null
      const answer = answers.get(recipient) ?? (await askCommands(ctx, commands, recipient, signal))
      answers.set(recipient, answer)
      return answer
    },
  }
}

interface Collection {
  readonly found: KeyIdentity[]
  readonly places: string[]
  readonly passedOver: string[]
}

function emptyCollection(): Collection {
  return { found: [], places: [], passedOver: [] }
}

async function take(collected: Collection, place: string, text: string): Promise<void> {
  const { found, refusals } = await readKeys(text)
  collected.found.push(...found)
  if (found.length > 0) collected.places.push(place)
  const none = found.length === 0 && refusals.length === 0 ? ['it holds no key'] : refusals
  collected.passedOver.push(...none.map((refusal) => `${place}: ${refusal}`))
}

async function takeFile(
  collected: Collection,
  source: Extract<KeySource, { kind: 'file' }>,
): Promise<void> {
  const { variable, path } = source
  const place = variable === null ? JSON.stringify(path) : `${variable} ${JSON.stringify(path)}`
  const read = await readKeyFile(source)
  if (read === null) return
  if ('refusal' in read) collected.passedOver.push(`${place}: ${read.refusal}`)
  else await take(collected, place, read.text)
}

async function askCommands(
  { run, commandEnvironment }: LoadContext,
  commands: readonly CommandSource[],
  recipient: string,
  signal: AbortSignal,
): Promise<Identities> {
  const collected = emptyCollection()
  for (const { name, command } of commands) {
    const [program, ...args] = commandWords(command) ?? []
    if (program === undefined) {
      collected.passedOver.push(`${name}: it is no command, or a quote is left open`)
      continue
    }
    const { outcome, exitCode, stdout } = await run(program, args, {
      env: { ...commandEnvironment, SOPS_AGE_RECIPIENT: recipient },
      timeout: COMMAND_DEADLINE,
      maxOutput: 1 << 20,
      signal,
    })
    signal.throwIfAborted()
    // What it said may hold a key: nothing of it is repeated.
    if (exitCode === 0) await take(collected, name, stdout)
    else collected.passedOver.push(`${name}: its program ${ending(outcome, exitCode)}`)
  }
  return { ...collected, ask: async () => null }
}

function ending(outcome: string, exitCode: number | null): string {
  if (outcome === 'absent') return 'is not there'
  return outcome === 'exited' ? `exited with ${exitCode ?? 'no code'}` : `was ${outcome}`
}
