import { seccompProfile } from '../compose/seccomp.ts'
import { members } from './members.ts'

/** A tracked file as it will lie in the stable directory. */
export interface TrackedFile {
  /** Absolute path on this host. */
  readonly path: string
  readonly mode: string
  readonly oid: string
  /** Where a symlink leads, absolute; null for a file. */
  readonly target: string | null
}

/** What a service reads of this host, by absolute paths; folders count whole. */
export interface ReadPaths {
  /** What its containers see. */
  readonly mounted: readonly string[]
  /** What its image is built from. */
  readonly built: readonly string[]
  /** Env files, where the provider has not read them already, and seccomp profiles: what is read as a container is made. */
  readonly making: readonly string[]
}

/** Host paths that a service mounts or is built from, volumes that only bind a directory included. */
export function readPaths(
  service: Readonly<Record<string, unknown>>,
  used: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
): ReadPaths {
  const volumes = service['volumes']
  const binds = (Array.isArray(volumes) ? volumes : []).flatMap((volume) => {
    if (typeof volume === 'string') return pathsOf(volume.split(':')[0])
    const { type, source } = members(volume)
    return type === 'bind' ? pathsOf(source) : []
  })
  const definitions = (section: string) => Object.values(used[section] ?? {}).map(members)
  const files = ['configs', 'secrets'].flatMap((section) =>
    definitions(section).flatMap(({ file }) => pathsOf(file)),
  )
  const devices = definitions('volumes').flatMap(deviceOf)
  const build = service['build']
  const { context, additional_contexts: others, dockerfile } = members(build)
  const contexts = [build, context, dockerfile, ...Object.values(members(others))].flatMap(pathsOf)
  const environment = [service['env_file']].flat().flatMap((one: unknown) => {
    return typeof one === 'string' ? pathsOf(one) : pathsOf(members(one)['path'])
  })
  const profiles = [service['security_opt']].flat().flatMap((option: unknown) => {
    return pathsOf(seccompProfile(option)?.path)
  })
  const making = [...environment, ...profiles]
  return { mounted: [...binds, ...files, ...devices], built: contexts, making }
}

/** The volumes of a document that bind a path of this host, by their names in it. */
export function boundVolumes(
  document: Readonly<Record<string, unknown>>,
): readonly { readonly volume: string; readonly device: string }[] {
  return Object.entries(members(document['volumes'])).flatMap(([volume, definition]) =>
    deviceOf(members(definition)).map((device) => ({ volume, device })),
  )
}

/** The local driver binds what its options name: https://docs.docker.com/reference/cli/docker/volume/create/ */
function deviceOf({ driver_opts: options }: Readonly<Record<string, unknown>>): string[] {
  return pathsOf(members(options)['device'])
}

/** Every tracked file that one of the paths is, holds, or leads to over symlinks. */
export function filesUnder(
  paths: readonly string[],
  tracked: readonly TrackedFile[],
): readonly TrackedFile[] {
  const links = tracked.filter(({ target }) => target !== null)
  const roots = new Set(paths)
  for (const root of roots) {
    if (roots.size > MOST_ROOTS) break
    for (const { path, target } of links) {
      if (target === null) continue
      if (isWithin(path, root)) roots.add(target)
      else if (isWithin(root, path)) roots.add(`${target}${root.slice(path.length)}`)
    }
  }
  return tracked.filter(({ path }) => [...roots].some((root) => isWithin(path, root)))
}

/** Those of the tracked files that one of the paths names by itself, be it over symlinks. */
export function filesAt(
  paths: readonly string[],
  tracked: readonly TrackedFile[],
): readonly TrackedFile[] {
  const named = new Set(paths)
  for (const path of named) {
    if (named.size > MOST_ROOTS) break
    for (const link of tracked) {
      if (link.target !== null && isWithin(path, link.path)) {
        named.add(`${link.target}${path.slice(link.path.length)}`)
      }
    }
  }
  return tracked.filter(({ path, target }) => target === null && named.has(path))
}

/** Git's own word for the bytes of files. */
export function filesText(files: readonly TrackedFile[]): string[] {
  return files.map(({ path, mode, oid }) => `${path} ${mode} ${oid}`).toSorted()
}

/** Links that lead round in circles end somewhere. */
const MOST_ROOTS = 1_000

function isWithin(path: string, root: string): boolean {
  return path === root || path.startsWith(root.endsWith('/') ? root : `${root}/`)
}

/** Compose reads the document once more, so every `$` in it stands twice. */
function pathsOf(value: unknown): string[] {
  return typeof value === 'string' && value.startsWith('/')
    ? [withoutSlash(value.replaceAll('$$', '$'))]
    : []
}

function withoutSlash(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, '') : path
}
