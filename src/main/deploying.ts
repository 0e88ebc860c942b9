import { hostname } from 'node:os'
import { join } from 'node:path'
import { createCompose } from '../adapters/compose/compose.ts'
import { createEngine } from '../adapters/engine/engine.ts'
import { probeEngine } from '../adapters/engine/probe.ts'
import { createHolds } from '../adapters/holds/holds.ts'
import { createHooks } from '../adapters/hooks/hooks.ts'
import { createMachine } from '../adapters/machine/machine.ts'
import { createProber } from '../adapters/probe/prober.ts'
import { createSecretFiles } from '../adapters/secret-files/secret-files.ts'
import { createStackFiles } from '../adapters/stack-files/stack-files.ts'
import type {
  Clock,
  Compose,
  Engine,
  EngineInfo,
  Holds,
  Hooks,
  Machine,
  Prober,
  SecretFiles,
  Secrets,
  StackFiles,
} from '../ports.ts'
import type { Base } from './base.ts'
import { directoriesOf } from './host-settings.ts'
import { withRootlessNetwork } from './rootless-network.ts'
import { runtimeDirectory } from './runtime-directory.ts'
import { openSecrets, secretFilesDirectory } from './secrets.ts'

/** Everything that a stack is deployed with. */
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

/** Opens what stacks are deployed with. Throws `engine` where this host has no engine. */
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
