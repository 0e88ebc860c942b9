import { X509Certificate } from 'node:crypto'
import { dirname } from 'node:path'

import * as v from 'valibot'

import { noRules, stricter, type Rules } from '../domain/policy/rules.ts'
import type {
  DriftSetting,
  RevertSetting,
  RegistrySettings,
  SecretsSettings,
  SettleSettings,
  StackSettings,
} from './config.ts'
import { expandPath, type Bases } from './path.ts'
import { daemonSchema, registrySchema } from './daemon-schema.ts'
import type { DaemonOutput, RegistryOutput } from './daemon-schema.ts'
import type { ConfigProblem } from './problem.ts'
import { Secret } from './secret.ts'
import { readYaml } from './yaml.ts'
import type { YamlText } from './yaml.ts'

export interface DaemonSettings {
  readonly settle: SettleSettings
  readonly deadline: number
  readonly debounce: number
  readonly bodyLimit: number
  readonly registries: Readonly<Record<string, RegistrySettings>>
  readonly allowPaths: readonly string[]
  readonly allowHooks: readonly string[]
  readonly stacks: Readonly<Record<string, StackSettings>>
  readonly drift: DriftSetting
  readonly revert: RevertSetting
  readonly sweep: number
  readonly secrets: SecretsSettings
  readonly grace: number
  readonly keep: number
  readonly parallel: number
  readonly guards: Rules
}

export interface DaemonYamlInput {
  readonly file: string
  readonly text: string
  readonly homeDirectory: string
  readonly readFile: (path: string) => string | null
  /** Problems found are added here. */
  readonly problems: ConfigProblem[]
}

/** An open YAML and where to tell its problems. */
interface Reading {
  readonly input: DaemonYamlInput
  readonly document: YamlText
}

/** ms of stillness: where nothing tells whether a service is well, only time does. */
const SETTLE: SettleSettings = { checked: 10_000, unchecked: 30_000 }

/** What the daemon's YAML says, defaults filled in; defaults alone where there is none or where it has problems. */
export function readDaemonYaml(input: DaemonYamlInput | null): DaemonSettings {
  const document = input && readYaml(input.file, input.text, input.problems)
  if (!input || !document) return { ...settled(v.parse(daemonSchema, {}), ''), registries: {} }
  const reading = { input, document }
  const parsed = v.safeParse(daemonSchema, document.value)
  const output = parsed.success ? parsed.output : v.parse(daemonSchema, {})
  for (const { message, path } of parsed.issues ?? []) {
    refuse(reading, path?.map(({ key }) => key) ?? [], message, path?.at(-1)?.origin)
  }
  if (output.deadline <= (output.settle ?? SETTLE.unchecked)) {
    const message = 'Cannot use deadline: expected it to be longer than settle'
    refuse(reading, ['deadline'], message)
  }
  const registries = parsed.success ? output.registries : soundRegistries(document)
  return {
    ...settled(output, input.homeDirectory),
    registries: mapValues(registries ?? {}, (each, host) => readRegistry(reading, host, each)),
  }
}

/** What needs no file to be read. */
function settled(
  {
    settle,
    deadline,
    debounce,
    drift,
    revert,
    sweep,
    grace,
    keep,
    parallel,
    bodyLimit,
    allowPaths,
    allowHooks,
    stacks,
    secrets,
    guards,
  }: DaemonOutput,
  homeDirectory: string,
): Omit<DaemonSettings, 'registries'> {
  // the schema lets no relative path through
  const bases = { homeDirectory, workingDirectory: '/' }
  return {
    settle: settle === undefined ? SETTLE : { checked: settle, unchecked: settle },
    deadline,
    debounce,
    drift,
    revert,
    sweep,
    grace,
    keep,
    parallel,
    bodyLimit,
    allowPaths: (allowPaths ?? []).map((each) => expandPath(each, bases)),
    allowHooks: allowHooks ?? [],
    stacks: mapValues(stacks ?? {}, ({ directory, drift: own }) => ({
      directory: directoryOf(directory, bases),
      drift: own ?? null,
    })),
    secrets: {
      sops: secrets?.sops === undefined ? null : expandPath(secrets.sops, bases),
      exposedKeyFiles: secrets?.allowExposedKeyFiles === true ? 'allowed' : 'refused',
    },
    guards: [guards?.minAge, guards?.platforms, guards?.window].reduce<Rules>(
      (all, each) => (each === undefined ? all : stricter(all, each)),
      noRules,
    ),
  }
}

function directoryOf(directory: string | undefined, bases: Bases): string | null {
  if (directory === undefined) return null
  return directory === 'adopt' ? directory : expandPath(directory, bases)
}

/** The registries that are well written although something else is not: so their own problems are told as well. */
function soundRegistries({ value }: YamlText): Record<string, RegistryOutput> {
  const whole = v.safeParse(v.object({ registries: v.record(v.string(), v.unknown()) }), value)
  const sound: Record<string, RegistryOutput> = {}
  for (const [host, each] of Object.entries(whole.success ? whole.output.registries : {})) {
    const parsed = v.safeParse(registrySchema, each)
    if (parsed.success) sound[host] = parsed.output
  }
  return sound
}

function readRegistry(reading: Reading, host: string, output: RegistryOutput): RegistrySettings {
  const { plainHttp = null, mirrors = [], tokenServers = [], ca } = output
  if (mirrors.some((mirror) => mirror.split('/')[0] === host)) {
    const message = `Cannot use ${JSON.stringify(host)} as a mirror of itself`
    refuse(reading, ['registries', host, 'mirrors'], message)
  }
  return {
    plainHttp,
    credential: readCredential(reading, host, output),
    ca: ca === undefined ? null : readAuthority(reading, host, ca),
    mirrors,
    tokenServers,
  }
}

function readCredential(
  reading: Reading,
  host: string,
  { username, passwordFile }: RegistryOutput,
): RegistrySettings['credential'] {
  if (username === undefined && passwordFile === undefined) return null
  if (username === undefined || passwordFile === undefined) {
    const absent = username === undefined ? 'username' : 'passwordFile'
    const message = `Cannot use the credential of ${JSON.stringify(host)}: ${absent} is missing`
    refuse(reading, ['registries', host], message, 'key')
    return null
  }
  const password = readPassword(reading, host, passwordFile)
  return password === null ? null : { username, password }
}

function readPassword(reading: Reading, host: string, file: string): Secret | null {
  const password = readBeside(reading, file)?.trim()
  if (password) return new Secret(password)
  // the value is never shown: it may be the password itself
  const state = password === undefined ? 'no such readable file' : 'it is empty'
  const message = `Cannot read the file that passwordFile names: ${state}`
  refuse(reading, ['registries', host, 'passwordFile'], message)
  return null
}

function readAuthority(reading: Reading, host: string, file: string): string | null {
  const text = readBeside(reading, file)
  if (text !== null && isCertificate(text)) return text
  const state = text === null ? 'no such readable file' : 'it holds no certificate in PEM'
  const message = `Cannot use ca ${JSON.stringify(file)}: ${state}`
  refuse(reading, ['registries', host, 'ca'], message)
  return null
}

/** A relative path counts from the YAML. */
function readBeside({ input }: Reading, file: string): string | null {
  const { homeDirectory, file: yaml, readFile } = input
  return readFile(expandPath(file, { homeDirectory, workingDirectory: dirname(yaml) }))
}

function isCertificate(text: string): boolean {
  try {
    return new X509Certificate(text).raw.length > 0
  } catch {
    return false
  }
}

function refuse(
  { input, document }: Reading,
  keys: readonly unknown[],
  message: string,
  origin: 'key' | 'value' = 'value',
): void {
  const place = document.place(keys, origin)
  input.problems.push({ variable: null, place, message, remedy: null })
}

function mapValues<T, U>(
  record: Readonly<Record<string, T>>,
  change: (value: T, key: string) => U,
): Readonly<Record<string, U>> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value, key)]))
}
