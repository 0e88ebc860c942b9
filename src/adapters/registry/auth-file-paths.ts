import { basename, join } from 'node:path'

/** What says where auth files lie. */
export interface AuthFileSettings {
  /** `MD_REGISTRY_AUTH_FILE`: this file and no other. */
  readonly own?: string | undefined
  /** Whose files come first; podman's where nobody said. */
  readonly runtime: 'podman' | 'docker' | null
  readonly registryAuthFile?: string | undefined
  readonly dockerConfig?: string | undefined
  readonly runtimeDirectory?: string | undefined
  readonly configDirectory?: string | undefined
  readonly home: string
  readonly user: number
}

const legacy = '.dockercfg'

/**
 * Docker's and podman's auth files in the order in which they are asked: podman's as it does itself
 * (https://man.archlinux.org/man/containers-auth.json.5), docker's own first where docker runs the stacks, since there a
 * fresh `docker login` counts. `DOCKER_CONFIG` moves docker's file, as it does for both of them.
 */
export function authFilePaths(settings: AuthFileSettings): readonly string[] {
  const { own, runtime, registryAuthFile, dockerConfig, home, user } = settings
  if (own) return [own]
  const { runtimeDirectory, configDirectory } = settings
  const podman = [
    runtimeDirectory
      ? join(runtimeDirectory, 'containers', 'auth.json')
      : `/run/containers/${user}/auth.json`,
    join(configDirectory || join(home, '.config'), 'containers', 'auth.json'),
  ]
  const docker = [join(dockerConfig || join(home, '.docker'), 'config.json')]
  const named = registryAuthFile ? [registryAuthFile] : []
  const ordered = runtime === 'docker' ? [...docker, ...podman] : [...podman, ...docker]
  return [...named, ...ordered, join(home, legacy)]
}

/** How a file of that name is written; `legacy` without `auths` around its logins, as docker did before 1.7. */
export function formOf(path: string): 'usual' | 'legacy' {
  return basename(path) === legacy ? 'legacy' : 'usual'
}
