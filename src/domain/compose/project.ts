import type { Problem } from '../problem.ts'
import type { EnvironmentFile } from './environment-file.ts'
import { readIncludes } from './includes.ts'
import { mappings } from './mapping.ts'
import type { Text } from './node-text.ts'
import type { ProjectFiles } from './project-files.ts'
import {
  environmentFile,
  environmentIn,
  environmentOfProject,
  open,
  report,
  type Reading,
} from './project-reading.ts'
import { readServices, type Base, type Service, type Services } from './service.ts'
import { join, parentOf } from './tree-path.ts'
import type { YamlDocument } from './yaml-document.ts'
import { parseYamlFile, type YamlFile } from './yaml-file.ts'

/** The compose files that are read as one, in the order in which they override. */
export interface ProjectSource {
  readonly files: readonly { readonly path: string; readonly text: string }[]
  /** The project directory. */
  readonly directory: string
  /** What is read for variables in place of the directory's `.env`, from there; the last one that sets one rules. */
  readonly environment?: readonly string[] | null
}

/** A compose file as one project reads it. */
export interface ProjectFile {
  readonly yaml: YamlFile
  /** What its paths are relative to. */
  readonly base: string
  /** Where its variables come from, the first one that sets a variable rules. */
  readonly environment: readonly EnvironmentFile[]
}

/** A project with all that its `include` and `extends` lead to. */
export interface Project {
  /** The files themselves and whatever they include. */
  readonly files: readonly ProjectFile[]
  /** Those, and the files that only services are taken from, each as often as it is read in another way. */
  readonly reached: readonly ProjectFile[]
  /** Every compose file that was read. */
  readonly read: readonly YamlFile[]
  /** Of every compose and environment file that was read. */
  readonly texts: ReadonlyMap<string, string>
  readonly problems: readonly Problem[]
  services(
    file: ProjectFile,
  ): readonly { readonly document: YamlDocument; readonly services: Services }[]
}

/** A file that includes itself below ever new directories would never end. */
const maxFiles = 500

/** Reads a project. Never throws; `problems` says what it leads to and cannot be read. */
export function readProject(source: ProjectSource, files: ProjectFiles): Project {
  const state: State = {
    files,
    yaml: new Map(),
    environment: new Map(),
    known: new Map(),
    services: new Map(),
    problems: new Map(),
  }
  const environment = environmentOfProject(state, source)
  const due = source.files.map(({ path, text }) => {
    state.yaml.set(path, parseYamlFile(path, text))
    return fileOf(state, { path, text, base: source.directory, environment })
  })
  const found: ProjectFile[] = []
  for (let next = due.shift(); next !== undefined; next = due.shift()) {
    if (found.includes(next) || found.length >= maxFiles) continue
    found.push(next)
    due.push(...includedFiles(state, next))
  }
  // Whatever is extended is read, and complained of, before anybody looks.
  for (const file of found) {
    for (const { services } of servicesOf(state, file)) {
      for (const name of services.names) services.get(name)
    }
  }
  return {
    files: found,
    reached: [...state.known.values()],
    read: [...state.yaml.values()],
    texts: new Map(
      [...state.yaml.values(), ...state.environment.values()].map(({ file, text }) => [file, text]),
    ),
    problems: [...state.yaml.values()]
      .flatMap(({ problems }) => problems)
      .concat([...state.problems.values()]),
    services: (file) => servicesOf(state, file),
  }
}

interface State extends Reading {
  readonly yaml: Map<string, YamlFile>
  /** By path, base and environment. */
  readonly known: Map<string, ProjectFile>
  readonly services: Map<ProjectFile, ReturnType<Project['services']>>
}

function fileOf(
  state: State,
  { path, text, base, environment }: { path: string; text: string } & Omit<ProjectFile, 'yaml'>,
): ProjectFile {
  const key = JSON.stringify([path, base, environment.map(({ file }) => file)])
  const before = state.known.get(key)
  if (before !== undefined) return before
  const yaml = state.yaml.get(path) ?? parseYamlFile(path, text)
  state.yaml.set(path, yaml)
  const file = { yaml, base, environment }
  state.known.set(key, file)
  return file
}

function servicesOf(state: State, file: ProjectFile): ReturnType<Project['services']> {
  const before = state.services.get(file)
  if (before !== undefined) return before
  const services = file.yaml.documents.map((document) => ({
    document,
    services: readServices(file.yaml, document, (base, depth) =>
      foreignService(state, file, base, depth),
    ),
  }))
  state.services.set(file, services)
  return services
}

/** Compose reads an extended file with the variables of the one that extends it. */
function foreignService(
  state: State,
  from: ProjectFile,
  { file, service }: Base & { readonly file: Text },
  depth: number,
): Service | 'lost' | null {
  const opened = open(state, from, file, 'extends.file')
  if (opened === 'unread') return null
  if (opened === null) return 'lost'
  const { path, text, named } = opened
  const { environment } = from
  const there = fileOf(state, { path, text, base: parentOf(named), environment })
  const found = servicesOf(state, there)
    .toReversed()
    .flatMap(({ services }) => services.get(service.value, depth) ?? [])[0]
  if (found !== undefined) return found
  if (there.yaml.documents.length > 0) {
    const reason = `${JSON.stringify(path)} has no such service, or extends in a circle`
    report(state, from, service, 'extends.service', { reason, remedy: 'Name one that it has' })
  }
  return 'lost'
}

function includedFiles(state: State, from: ProjectFile): readonly ProjectFile[] {
  return from.yaml.documents.flatMap((document) =>
    readIncludes(mappings(document), document.root).flatMap((include) => {
      const directory = directoryIn(from.base, include.projectDirectory)
      const named =
        include.variables === 'usual'
          ? environmentIn(state, directory)
          : include.environment.toReversed().flatMap((path) => environmentFile(state, from, path))
      const environment = [...new Set([...from.environment, ...named])]
      return include.paths.flatMap((written) => {
        const opened = open(state, from, written, 'include')
        return opened === null || opened === 'unread'
          ? []
          : [fileOf(state, { ...opened, base: directory, environment })]
      })
    }),
  )
}

/** What leaves the repository is refused where a file is opened; here it only has to stay what it is. */
function directoryIn(base: string, path: string): string {
  return path.startsWith('/') ? path : (join(base, path) ?? `${base}/${path}`)
}
