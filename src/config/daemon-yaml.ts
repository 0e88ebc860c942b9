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
import { readRegistry, soundRegistries } from './daemon-registry.ts'
import { refuse, type DaemonYamlInput } from './daemon-reading.ts'
import { daemonSchema, type DaemonOutput } from './daemon-schema.ts'
import { readYaml } from './yaml.ts'

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

function mapValues<T, U>(
  record: Readonly<Record<string, T>>,
  change: (value: T, key: string) => U,
): Readonly<Record<string, U>> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value, key)]))
}
