import { isMap, isNode, isScalar, isSeq, type Node } from 'yaml'

import { presetKeys, type PolicyDefaults } from './annotation.ts'
import { keyText, parseYamlFile, start, type YamlFile } from './compose/yaml-file.ts'
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
 * Reads `.magos.yaml`; null where the repository has none. Never throws. Settings that stand in `problems` are left
 * out, and a stack whose hosts cannot be read belongs to no host. With a problem `compose` or `unreadable` nobody
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
  code: 'configuration' | 'unreadable' = 'configuration',
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
): ReadonlyMap<string, Node> {
  const values = new Map<string, Node>()
  if (!isMap(node)) {
    report(reading, node, `${subject} is no mapping`, 'Write it as KEY: VALUE', 'unreadable')
    return values
  }
  for (const { key, value } of node.items) {
    const name = keyText(key)
    const place = isNode(key) ? key : node
    if (known !== 'any' && !known.includes(name)) {
      report(reading, place, `${subject} has the unknown key "${name}"`, `Write ${either(known)}`)
    } else if (isNode(value)) values.set(name, value)
  }
  return values
}

function either(keys: readonly string[]): string {
  return `one of ${keys.join(', ')}`
}

function readDefaults(reading: Reading, node: Node | undefined): PolicyDefaults {
  if (node === undefined || isNull(node)) return {}
  const values = mapping(reading, node, 'defaults', presetKeys)
  const read: Record<string, unknown> = {}
  for (const [key, value] of values) {
    const field = isScalar(value) ? value.value : undefined
    try {
      parsePolicy({ policy: 'semver', [key]: isScalar(value) ? field : null })
      read[key] = field
    } catch (error) {
      if (!(error instanceof MagosError)) throw error
      report(reading, value, error.message, error.remedy ?? `Correct "${key}"`)
    }
  }
  return read
}

function isNull(node: Node): boolean {
  return isScalar(node) && node.value === null
}

function readStacks(reading: Reading, node: Node | undefined): ReadonlyMap<string, StackSettings> {
  const stacks = new Map<string, StackSettings>()
  if (node === undefined || isNull(node)) return stacks
  for (const [key, value] of mapping(reading, node, 'stacks', 'any')) {
    const fields = mapping(reading, value, `Stack "${key}"`, stackKeys)
    const directory = key.replace(/^\.\/|^\.$/, '').replace(/\/+$/, '')
    stacks.set(directory, {
      name: readName(reading, fields.get('name')),
      hosts: isMap(value) ? readHosts(reading, fields.get('hosts')) : [],
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
