import { hostname } from 'node:os'
import { basename, join } from 'node:path'
import type { Context, HostSettings } from '../../handlers/context.ts'
import { createHeard } from '../../handlers/heard.ts'
import { readySecrets } from '../../handlers/steps/ready-secrets.ts'
import { createViews } from '../../handlers/views.ts'
import { createCompose } from '../adapters/compose/compose.ts'
import { createEngine } from '../adapters/engine/engine.ts'
import { probeEngine } from '../adapters/engine/probe.ts'
import { createHolds } from '../adapters/holds/holds.ts'
import { createMachine } from '../adapters/machine/machine.ts'
import { createHooks } from '../adapters/hooks/hooks.ts'
import { createProber } from '../adapters/probe/prober.ts'
import { createLastGood } from '../adapters/last-good/last-good.ts'
import { createRedactor } from '../adapters/log/redact.ts'
import { createSecretFiles } from '../adapters/secret-files/secret-files.ts'
import { createStackFiles } from '../adapters/stack-files/stack-files.ts'
import type { Store } from '../adapters/store/store.ts'
import type { Config } from '../config/config.ts'
import { platformOf, type Platform } from '../domain/platform.ts'
import type {
  Clock,
  Compose,
  Engine,
  EngineInfo,
  Holds,
  Hooks,
  Log,
  Machine,
  Prober,
  SecretFiles,
  Secrets,
  StackFiles,
} from '../ports.ts'
import { createLanes } from '../work/lanes.ts'
import type { Base } from './base.ts'
import { openRegistry } from './registry.ts'
import type { Repository } from './repository.ts'
import { redactHistory, redactUpkeep, type Redact } from './redact-answers.ts'
import { withRootlessNetwork } from './rootless-network.ts'
import { runtimeDirectory } from './runtime-directory.ts'
import { openSecrets, secretFilesDirectory } from './secrets.ts'

/** Everything that handlers reach, but the time. */
export type World = Omit<Context, 'now' | 'origins' | 'raise' | 'patience'> &
  Pick<Repository, 'branchName'> & {
    /** Takes out of a text what nobody may be told. */
    readonly redact: Redact
  }

/** Puts the adapters together as the configuration says. Throws `engine` where this host has none. */
export async function openWorld(
  base: Base,
  repository: Repository,
  {
    history,
    memory,
    tombstones,
    manifests,
    pulledImages,
    upkeep,
  }: Pick<Store, 'history' | 'manifests' | 'memory' | 'pulledImages' | 'tombstones' | 'upkeep'>,
  signal: AbortSignal,
): Promise<World> {
  const { log, config, liveValues } = base
  const redact = createRedactor(() => liveValues.all())
  const deploying = await openDeploying(base, 'make', signal)
  const remembered = {
    history: redactHistory(history, redact),
    upkeep: redactUpkeep(upkeep, redact),
    lastGood: createLastGood({ directory: join(config.dataDirectory, 'last-good'), log }),
  }
  const [platform] = await Promise.all([
    enginePlatform(deploying.engine, log, signal),
    readyFiles({ ...deploying, ...remembered, log }, signal),
  ])
  return {
    ...repository,
    ...deploying,
    ...remembered,
    registry: openRegistry(base, manifests),
    memory,
    pulledImages,
    tombstones,
    lanes: createLanes({ limit: config.parallel }),
    machine: openMachine(base),
    redact,
    views: createViews(),
    heard: { commit: createHeard(), pr: createHeard() },
    host: hostSettings(base, platform),
    log,
  }
}

/** What an earlier process left in the clear goes, and what a boot took comes again; without an engine neither is needed yet. */
async function readyFiles(
  ctx: Parameters<typeof readySecrets>[0],
  signal: AbortSignal,
): Promise<void> {
  try {
    await readySecrets(ctx, signal)
  } catch (error) {
    signal.throwIfAborted()
    ctx.log.warn({ error }, 'Cannot look after the decrypted files that containers mount')
  }
}

export interface Deploying {
  readonly runtime: EngineInfo['name']
  readonly engine: Engine
  readonly prober: Prober
  readonly hooks: Hooks
  readonly compose: Compose
  readonly files: StackFiles
  readonly holds: Holds
  readonly secrets: Secrets
  readonly secretFiles: SecretFiles
}

/** What stacks are deployed with. Throws `engine` where this host has no engine. */
export async function openDeploying(
  base: Base,
  missing: 'make' | 'pretend',
  signal: AbortSignal,
): Promise<Deploying> {
  const { config, follow, clock, log } = base
  const directory = runtimeDirectory(base.environment)
  const runtime = await probeEngine(base.run, config.runtime, signal)
  const { run, environment } =
    runtime === 'podman' ? await withRootlessNetwork(base, directory, signal) : base
  const engine = createEngine({ runtime, run, follow, clock, log, runtimeDirectory: directory })
  return {
    runtime,
    engine,
    prober: createProber({ runtime, run }),
    hooks: createHooks({ run }),
    compose: createCompose({
      runtime,
      run,
      log,
      environment,
      runtimeDirectory: directory,
      engine,
      accompany: (project, during) => lookOn({ engine, clock }, project, during),
    }),
    secrets: openSecrets(base, missing),
    secretFiles: createSecretFiles({
      directory: secretFilesDirectory(directory, config.dataDirectory),
    }),
    holds: createHolds({ directory: join(config.dataDirectory, 'holds'), log }),
    files: createStackFiles({
      root: join(config.dataDirectory, 'stacks'),
      directories: directoriesOf(config),
      run,
      log,
    }),
  }
}

/** ms of an `up` in which nobody looks, and between two looks afterwards: each costs as much as the engine's own work. */
const UNDISTURBED = 2_000
const LOOK_EVERY = 1_000

/** Watching drives health checks where no systemd does, so that services which wait for healthy ones start. */
async function lookOn(
  { engine, clock }: { readonly engine: Engine; readonly clock: Clock },
  project: string,
  signal: AbortSignal,
): Promise<void> {
  const rest = (ms: number) => clock.sleep(ms, signal).catch(() => undefined)
  await rest(UNDISTURBED)
  if (signal.aborted) return
  const looks = engine.watch(project, signal)[Symbol.asyncIterator]()
  while (!(await looks.next()).done) await rest(LOOK_EVERY)
}

export function openMachine({ run }: Base): Machine {
  return createMachine({ run, user: process.getuid?.() ?? 0, hostname: hostname() })
}

/** What the engine runs; an engine that does not answer now runs this machine's own, as engines mostly do. */
async function enginePlatform(engine: Engine, log: Log, signal: AbortSignal): Promise<Platform> {
  try {
    const { os, architecture } = await engine.info(signal)
    return platformOf(os, architecture)
  } catch (error) {
    signal.throwIfAborted()
    log.warn({ error }, 'Cannot ask the engine for its platform: taking this machine’s')
    return machinePlatform()
  }
}

/** What the engine of a machine such as this one would run. */
export function machinePlatform(): Platform {
  // Containers are Linux's on every system.
  return platformOf('linux', process.arch)
}

/** What the owner of this host decided, as handlers want it. */
export function hostSettings({ config, workingDirectory }: Base, platform: Platform): HostSettings {
  const { repository } = config
  return {
    name: config.host,
    repository: repository?.text ?? '',
    rootStack: rootStack(config, workingDirectory),
    settle: config.settle.checked,
    settleUnchecked: config.settle.unchecked,
    deadline: config.deadline,
    allowPaths: config.allowPaths,
    allowHooks: config.allowHooks,
    directories: directoriesOf(config),
    adopting: adoptingIn(config),
    platform,
    guards: config.guards,
    drift: config.drift,
    revert: config.revert,
    drifts: driftsOf(config),
    grace: config.grace,
    keepImages: config.keep,
  }
}

/** A compose file at the root takes the repository's name. */
function rootStack({ repository }: Config, workingDirectory: string): string {
  if (repository === null) return basename(workingDirectory)
  return repository.kind === 'github' ? repository.name : basename(repository.path, '.git')
}

function directoriesOf({ stacks }: Config): Record<string, string> {
  return Object.fromEntries(
    Object.entries(stacks).flatMap(([name, { directory }]) =>
      directory === null || directory === 'adopt' ? [] : [[name, directory]],
    ),
  )
}

function adoptingIn({ stacks }: Config): readonly string[] {
  return Object.keys(stacks).filter((name) => stacks[name]?.directory === 'adopt')
}

function driftsOf({ stacks }: Config): HostSettings['drifts'] {
  return Object.fromEntries(
    Object.entries(stacks).flatMap(([name, { drift }]) => (drift === null ? [] : [[name, drift]])),
  )
}
