import { basename } from 'node:path'
import type { HostSettings } from '../../handlers/context.ts'
import type { Config } from '../config/config.ts'
import type { Platform } from '../domain/platform.ts'
import type { Base } from './base.ts'

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

/** The stable directories that the owner of this host chose, by stack. */
export function directoriesOf({ stacks }: Config): Record<string, string> {
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
