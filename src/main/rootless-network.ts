import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { chooseNetwork } from '../adapters/engine/network.ts'
import type { NetworkChoice } from '../domain/network-choice.ts'
import type { Base } from './base.ts'

type Children = Pick<Base, 'run' | 'environment'>

/**
 * How children are run so that rootless podman finds a helper for its networks: where the one that it would take is not
 * installed it is told of the other, before anything runs. Root's podman needs none.
 */
export async function withRootlessNetwork(
  { run, environment, log }: Base,
  runtimeDirectory: string,
  signal: AbortSignal,
): Promise<Children> {
  const asItIs = { run, environment }
  if (process.getuid?.() === 0) return asItIs
  const { exitCode, stdout } = await run('podman', ['info', '--format', 'json'], { signal })
  const choice = exitCode === 0 ? chooseNetwork(stdout) : null
  if (choice === null || choice.outcome === 'usual') return asItIs
  if (choice.outcome === 'none') {
    log.error({ remedy: choice.remedy }, `Containers will not start: ${choice.reason}`)
    return asItIs
  }
  log.warn({ network: choice.by }, `Rootless networks by ${choice.by}: ${choice.reason}`)
  if ((environment[OVERRIDE] ?? '') !== '') return asItIs
  return toldOf(asItIs, choice, join(runtimeDirectory, 'network.conf'))
}

/** containers.conf(5): read behind every other file. */
const OVERRIDE = 'CONTAINERS_CONF_OVERRIDE'

function toldOf(
  { run, environment }: Children,
  { by }: Extract<NetworkChoice, { readonly outcome: 'other' }>,
  file: string,
): Children {
  const partial = `${file}.${process.pid}`
  writeFileSync(partial, `[network]\ndefault_rootless_network_cmd="${by}"\n`, { mode: 0o600 })
  // Others of this user may be reading it now.
  renameSync(partial, file)
  return {
    environment: { ...environment, [OVERRIDE]: file },
    run: (command, args, options) =>
      run(command, args, { ...options, env: { [OVERRIDE]: file, ...options.env } }),
  }
}
