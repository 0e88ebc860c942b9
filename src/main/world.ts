import { join } from 'node:path'
import type { Context } from '../../handlers/context.ts'
import { createHeard } from '../../handlers/heard.ts'
import { readySecrets } from '../../handlers/steps/ready-secrets.ts'
import { createViews } from '../../handlers/views.ts'
import { createLastGood } from '../adapters/last-good/last-good.ts'
import { createRedactor } from '../adapters/log/redact.ts'
import type { Store } from '../adapters/store/store.ts'
import { createLanes } from '../work/lanes.ts'
import type { Base } from './base.ts'
import { openDeploying, openMachine } from './deploying.ts'
import { hostSettings } from './host-settings.ts'
import { enginePlatform } from './platform.ts'
import { redactHistory, redactUpkeep, type Redact } from './redact-answers.ts'
import { openRegistry } from './registry.ts'
import type { Repository } from './repository.ts'

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
