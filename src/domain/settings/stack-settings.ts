import type { Node } from 'yaml'

import type { Problem } from '../problem.ts'
import { isInside, normalPath } from './inside.ts'
import { readFileChanges, type FileChange } from './file-changes.ts'
import { noHooks, readHooks, type Hooks } from './hooks.ts'
import { settingPlaces, type SettingPlaces } from './places.ts'
import { readProbes, type Probe } from './probes.ts'
import { readDuration, readMapping, readTexts, report, textOf, type Reading } from './reading.ts'

/** What `.magos.yaml` says of one stack; null and empty where it says nothing. */
export interface StackSettings {
  readonly name: string | null
  /** From the repository's root: where a stack lies that is declared by its name. */
  readonly directory: string | null
  /** null: every host; empty: none, which is also what unreadable hosts mean. */
  readonly hosts: readonly string[] | null
  /** Compose files from the stack's directory, in the order in which they override; null for Compose's own choice. */
  readonly files: readonly string[] | null
  readonly options: StackOptions
  /** The first thing that is wrong with it: then nothing of it is believed, and the stack is left alone. */
  readonly fault: Problem | null
  readonly places?: SettingPlaces
}

/** How a stack is resolved, deployed and proven, where that is not the usual way. */
export interface StackOptions {
  /** The project name; null for the files' own. */
  readonly project: string | null
  readonly profiles: readonly string[]
  /** From the stack's directory, read for `${}` in place of its `.env`; null for that one. */
  readonly envFiles: readonly string[] | null
  /** Names of stacks that have to be well before this one is touched. */
  readonly after: readonly string[]
  /** ms; the host's own counts where it is longer. */
  readonly settle: number | null
  /** ms; null for the host's own. */
  readonly deadline: number | null
  readonly probes: readonly Probe[]
  readonly changes: readonly FileChange[]
  readonly hooks: Hooks
}

export const usualOptions: StackOptions = {
  project: null,
  profiles: [],
  envFiles: null,
  after: [],
  settle: null,
  deadline: null,
  probes: [],
  changes: [],
  hooks: noHooks,
}

/** Reads one stack's settings. Never throws: what is wrong stands in the reading's problems. */
export function readStackSettings(
  reading: Reading,
  key: string,
  node: Node,
  keyAt: Node,
): StackSettings {
  const before = reading.problems.length
  const fields = readMapping(reading, node, `Stack "${key}"`, keys)
  const isRead = reading.problems.length === before
  const settings = {
    name: readName(reading, fields.get('name'), 'Stack name'),
    directory: readDirectory(reading, fields.get('directory')),
    hosts: isRead ? readHosts(reading, fields.get('hosts')) : [],
    files: readPaths(reading, fields.get('files'), 'Files'),
    options: readOptions(reading, fields),
  }
  const fault = reading.problems[before] ?? null
  return { ...settings, fault, places: settingPlaces(reading.yaml, keyAt, node) }
}

const keys = [
  'name',
  'directory',
  'hosts',
  'files',
  'profiles',
  'envFiles',
  'project',
  'after',
  'settle',
  'deadline',
  'probes',
  'changes',
  'hooks',
]

/** https://github.com/compose-spec/compose-spec/blob/main/04-version-and-name.md */
const projectPattern = /^[a-z0-9][a-z0-9_-]*$/
/** https://github.com/compose-spec/compose-spec/blob/main/05-services.md#profiles */
const profilePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/

function readOptions(reading: Reading, fields: ReadonlyMap<string, Node>): StackOptions {
  const list = (key: string, subject: string, remedy: string, pattern: RegExp) => {
    const node = fields.get(key)
    if (node === undefined) return []
    return readTexts(reading, node, subject, remedy, (text) => pattern.test(text)) ?? []
  }
  return {
    project: readName(reading, fields.get('project'), 'Project name'),
    profiles: list('profiles', 'Profiles', 'Write profiles: [NAME, …]', profilePattern),
    envFiles: readPaths(reading, fields.get('envFiles'), 'Env files'),
    after: list('after', 'Stacks to come after', 'Write after: [STACK, …]', projectPattern),
    settle: readDuration(reading, fields.get('settle'), 'Settle window', { min: '0s', max: '10m' }),
    deadline: readDuration(reading, fields.get('deadline'), 'Deadline', { min: '1s', max: '24h' }),
    probes: readProbes(reading, fields.get('probes')),
    changes: readFileChanges(reading, fields.get('changes')),
    hooks: readHooks(reading, fields.get('hooks')),
  }
}

function readName(reading: Reading, node: Node | undefined, subject: string): string | null {
  if (node === undefined) return null
  const name = textOf(node)
  if (name !== null && projectPattern.test(name)) return name
  report(
    reading,
    node,
    `${subject} ${JSON.stringify(name)} is none`,
    'Write lower-case letters, digits, dashes and underscores, a letter or digit first',
  )
  return null
}

function readHosts(reading: Reading, node: Node | undefined): readonly string[] | null {
  if (node === undefined) return null
  return readTexts(reading, node, 'Hosts', 'Write hosts: [NAME, …], or leave it out') ?? []
}

function readDirectory(reading: Reading, node: Node | undefined): string | null {
  if (node === undefined) return null
  const path = textOf(node)
  if (path !== null && isInside(path)) return normalPath(path)
  const remedy = 'Write a directory of the repository, from its root'
  report(reading, node, `Directory ${JSON.stringify(path)} is none of the repository`, remedy)
  return null
}

function readPaths(
  reading: Reading,
  node: Node | undefined,
  subject: string,
): readonly string[] | null {
  if (node === undefined) return null
  const remedy = 'Write a list of paths from the stack’s directory'
  const paths = readTexts(reading, node, subject, remedy, (path) => !path.startsWith('/'))
  return paths?.map(normalPath) ?? null
}
