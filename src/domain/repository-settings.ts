import { isMap, isNode, isScalar, isSeq, type Node } from 'yaml'

import type { PolicyDefaults } from './annotation.ts'
import { keyText, start } from './compose/yaml-document.ts'
import { parseYamlFile, type YamlFile } from './compose/yaml-file.ts'
import { MagosError } from './error.ts'
import { parsePolicy } from './policy/parse.ts'
import type { Problem } from './problem.ts'

/** What a repository's root `.magos.yaml` says. */
export interface RepositorySettings {
  /** For annotated images that do not name these keys themselves. */
  readonly defaults: PolicyDefaults
  /** By the stack's directory or NAME. */
  readonly stacks: ReadonlyMap<string, StackSettings>
}

export interface StackSettings {
  readonly name: string | null
  /** null: every host; empty: none, which is also what unreadable hosts mean. */
  readonly hosts: readonly string[] | null
}

/**
 * Reads `.magos.yaml`; null where the repository has none. Never throws. Stack settings that stand in `problems` are
 * left out, and a stack whose settings cannot be read belongs to no host. With a problem `compose` or `unreadable` nobody
 * knows whose stacks these are, so nothing may be deployed.
 */
export function parseRepositorySettings(
  file: string,
  text: string | null,
): { readonly settings: RepositorySettings; readonly problems: readonly Problem[] } {
  if (text === null) return { settings: noSettings(), problems: [] }
  const yaml = parseYamlFile(file, text)
  const reading: Reading = { yaml, problems: [...yaml.problems] }
  const [document, second] = yaml.documents
  const root = document?.root ?? null
  if (second !== undefined) {
    report(reading, second.root, 'File holds several documents', 'Keep one of them', 'unreadable')
  }
  const isEmpty = root === null || (isScalar(root) && root.value === null)
  const fields = isEmpty ? new Map<string, Node>() : mapping(reading, root, 'File', rootKeys)
  const settings = {
    defaults: readDefaults(reading, fields.get('defaults')),
    stacks: readStacks(reading, fields.get('stacks')),
  }
  return { settings, problems: reading.problems }
}

/** `unreadable`: it is not known what the file says about any stack. */
type SettingsCode = 'configuration' | 'unreadable'

interface Reading {
  readonly yaml: YamlFile
  readonly problems: Problem[]
}

const rootKeys = ['defaults', 'stacks']
const stackKeys = ['name', 'hosts']
const projectPattern = /^[a-z0-9][a-z0-9_-]*$/

function noSettings(): RepositorySettings {
  return { defaults: {}, stacks: new Map() }
}

function report(
  { yaml, problems }: Reading,
  node: Node | null,
  message: string,
  remedy: string,
  code: SettingsCode = 'configuration',
): void {
  const place = yaml.place(node === null ? 0 : start(node))
  problems.push({
    file: yaml.file,
    ...place,
    severity: 'error',
    code,
    message,
    remedy,
  })
}

/** The values of a mapping by key; keys beyond `known` are reported and left out. */
function mapping(
  reading: Reading,
  node: Node,
  subject: string,
  known: readonly string[] | 'any',
  code: SettingsCode = 'unreadable',
): ReadonlyMap<string, Node> {
  const values = new Map<string, Node>()
  if (!isMap(node)) {
    report(reading, node, `${subject} is no mapping`, 'Write it as KEY: VALUE', code)
    return values
  }
  for (const { key, value } of node.items) {
    const name = keyText(key)
    const place = isNode(key) ? key : node
    if (known !== 'any' && !known.includes(name)) {
      const remedy = `Write one of ${known.join(', ')}`
      report(reading, place, `${subject} has the unknown key "${name}"`, remedy, code)
    } else if (isNode(value)) values.set(name, value)
  }
  return values
}

/** What is wrong is kept: it makes every policy that takes it fail, where leaving it out would widen them. */
function readDefaults(reading: Reading, node: Node | undefined): PolicyDefaults {
  if (node === undefined || isNull(node)) return {}
  const read = [...mapping(reading, node, 'defaults', 'any')].map(
    ([key, value]) => [key, plainValue(value), value] as const,
  )
  for (const [key, field, value] of read) {
    if (key === 'policy') {
      report(reading, value, 'defaults has the key "policy"', 'Name it on each image line')
      continue
    }
    try {
      parsePolicy({ policy: 'semver', [key]: field })
    } catch (error) {
      if (!(error instanceof MagosError)) throw error
      report(reading, value, error.message, error.remedy ?? `Correct "${key}"`)
    }
  }
  return Object.fromEntries(read)
}

/** Lists and mappings as JSON would have them; an alias is followed by nobody here, and then fits nothing. */
function plainValue(node: unknown): unknown {
  if (isScalar(node)) return node.value
  if (isSeq(node)) return node.items.map(plainValue)
  if (!isMap(node)) return null
  return Object.fromEntries(node.items.map(({ key, value }) => [keyText(key), plainValue(value)]))
}

function isNull(node: Node): boolean {
  return isScalar(node) && node.value === null
}

function readStacks(reading: Reading, node: Node | undefined): ReadonlyMap<string, StackSettings> {
  const stacks = new Map<string, StackSettings>()
  if (node === undefined || isNull(node)) return stacks
  for (const [key, value] of mapping(reading, node, 'stacks', 'any')) {
    const before = reading.problems.length
    const fields = mapping(reading, value, `Stack "${key}"`, stackKeys, 'configuration')
    const isRead = reading.problems.length === before
    const directory = key.replace(/^\.\/|^\.$/, '').replace(/\/+$/, '')
    stacks.set(directory, {
      name: readName(reading, fields.get('name')),
      hosts: isRead ? readHosts(reading, fields.get('hosts')) : [],
    })
  }
  return stacks
}

function readName(reading: Reading, node: Node | undefined): string | null {
  if (node === undefined) return null
  const name = isScalar(node) ? node.value : null
  if (typeof name === 'string' && projectPattern.test(name)) return name
  report(
    reading,
    node,
    `Stack name ${JSON.stringify(name)} is none`,
    'Write lower-case letters, digits, dashes and underscores, a letter or digit first',
  )
  return null
}

function readHosts(reading: Reading, node: Node | undefined): readonly string[] | null {
  if (node === undefined) return null
  const items = isSeq(node) ? node.items : []
  const hosts = items.map((item) => (isScalar(item) ? item.value : null))
  const names = hosts.filter((host) => typeof host === 'string' && host.trim() !== '')
  if (names.length > 0 && names.length === hosts.length) return names.map(String)
  report(reading, node, 'Hosts are no list of names', 'Write hosts: [NAME, …], or leave it out')
  return []
}
