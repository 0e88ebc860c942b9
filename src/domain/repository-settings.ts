import { isScalar, type Node } from 'yaml'

import type { PolicyDefaults } from './annotation.ts'
import { parseYamlFile } from './compose/yaml-file.ts'
import { parseDelivery, splitDelivery } from './delivery.ts'
import { MagosError } from './error.ts'
import { parsePolicy } from './policy/parse.ts'
import type { Problem } from './problem.ts'
import { usualDelivery, type DeliverySettings } from './proposal/settings.ts'
import { readDeliverySettings } from './settings/delivery-settings.ts'
import {
  isNull,
  keyNode,
  plainValue,
  readMapping,
  report,
  type Reading,
} from './settings/reading.ts'
import { readStackSettings, type StackSettings } from './settings/stack-settings.ts'

/** What a repository's root `.magos.yaml` says. */
export interface RepositorySettings {
  /** For annotated images that do not name these keys themselves. */
  readonly defaults: PolicyDefaults
  /** By the stack's directory or NAME. */
  readonly stacks: ReadonlyMap<string, StackSettings>
  /** Whether and how updates go through pull requests. */
  readonly delivery: DeliverySettings
}

/**
 * Reads `.magos.yaml`; null where the repository has none. Never throws. A stack with settings that stand
 * in `problems` has a `fault`, and one whose hosts cannot be read belongs to no host. With a problem `compose` or
 * `unreadable` nobody knows whose stacks these are, so nothing may be deployed.
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
  const fields = isEmpty
    ? new Map<string, Node>()
    : readMapping(reading, root, 'File', rootKeys, 'unreadable')
  const defaults = readDefaults(reading, fields.get('defaults'))
  const settings = {
    defaults,
    stacks: readStacks(reading, fields.get('stacks')),
    delivery: readDeliverySettings(reading, defaults, fields),
  }
  return { settings, problems: reading.problems }
}

const rootKeys = ['defaults', 'stacks', 'pullRequests', 'groups']

function noSettings(): RepositorySettings {
  return { defaults: {}, stacks: new Map(), delivery: usualDelivery }
}

/** What is wrong is kept: it makes every policy that takes it fail, where leaving it out would widen them. */
function readDefaults(reading: Reading, node: Node | undefined): PolicyDefaults {
  if (node === undefined || isNull(node)) return {}
  const read = [...readMapping(reading, node, 'defaults', 'any', 'unreadable')].map(
    ([key, value]) => [key, plainValue(value), value] as const,
  )
  for (const [key, field, value] of read) {
    if (key === 'policy') {
      report(reading, value, 'defaults has the key "policy"', 'Name it on each image line')
      continue
    }
    try {
      const { rest, delivery } = splitDelivery({ [key]: field })
      parsePolicy({ policy: 'semver', ...rest })
      parseDelivery(delivery)
    } catch (error) {
      if (!(error instanceof MagosError)) throw error
      report(reading, value, error.message, error.remedy ?? `Correct "${key}"`)
    }
  }
  return Object.fromEntries(read)
}

function readStacks(reading: Reading, node: Node | undefined): ReadonlyMap<string, StackSettings> {
  const stacks = new Map<string, StackSettings>()
  if (node === undefined || isNull(node)) return stacks
  for (const [key, value] of readMapping(reading, node, 'stacks', 'any', 'unreadable')) {
    const directory = key.replace(/^\.\/|^\.$/, '').replace(/\/+$/, '')
    stacks.set(directory, readStackSettings(reading, key, value, keyNode(node, key)))
  }
  return stacks
}
