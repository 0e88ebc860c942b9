import { accessSync, constants, statSync } from 'node:fs'
import { join } from 'node:path'

/** A program that may be a compose provider, and what is written before its arguments. */
export interface Candidate {
  readonly command: string
  readonly prefix: readonly string[]
}

export interface CandidateContext {
  readonly runtime: 'podman' | 'docker'
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Where packages put docker's plugins. */
  readonly pluginDirectories?: readonly string[]
}

const PLUGIN_DIRECTORIES = [
  '/usr/local/lib/docker/cli-plugins',
  '/usr/local/libexec/docker/cli-plugins',
  '/usr/lib/docker/cli-plugins',
  '/usr/libexec/docker/cli-plugins',
]

/**
 * Where `podman compose` looks, in its order (containers.conf(5), `compose_providers`): what PODMAN_COMPOSE_PROVIDER
 * names and nothing else, else docker's plugin directories, then the PATH. Docker asks its own plugin first.
 */
export function listCandidates(context: CandidateContext): readonly Candidate[] {
  const { runtime, environment, pluginDirectories = PLUGIN_DIRECTORIES } = context
  const named = environment['PODMAN_COMPOSE_PROVIDER'] ?? ''
  if (runtime === 'podman' && named !== '') return [{ command: named, prefix: [] }]
  const home = environment['HOME'] ?? ''
  const own = home === '' ? [] : [join(home, '.docker/cli-plugins')]
  const plugins = [...own, ...pluginDirectories].map((path) => join(path, 'docker-compose'))
  const standalone = [...plugins, ...inPath(environment, 'docker-compose')]
  const found = standalone.filter(isProgram).map((command) => ({ command, prefix: [] }))
  if (runtime === 'docker') return [{ command: 'docker', prefix: ['compose'] }, ...found]
  const python = inPath(environment, 'podman-compose').filter(isProgram)
  return [...found, ...python.map((command) => ({ command, prefix: [] }))]
}

/** The places where a program of that name may lie, as the PATH says. */
function inPath(environment: CandidateContext['environment'], program: string): readonly string[] {
  const directories = (environment['PATH'] ?? '').split(':').filter((path) => path.startsWith('/'))
  return directories.map((directory) => join(directory, program))
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
