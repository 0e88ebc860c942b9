import { isMap, type Node } from 'yaml'

import type { PolicyDefaults } from '../annotation.ts'
import { parseDelivery, splitDelivery, type Delivery } from '../delivery.ts'
import { MagosError } from '../error.ts'
import {
  parseGroupSettings,
  parsePullRequests,
  usualDelivery,
  type DeliverySettings,
  type GroupSettings,
} from '../proposal/settings.ts'
import { isNull, plainValue, readMapping, report, type Reading } from './reading.ts'

/** Whether updates go through pull requests, and how: `pullRequests:`, `groups:`, and what `defaults:` says of it. */
export function readDeliverySettings(
  reading: Reading,
  defaults: PolicyDefaults,
  fields: ReadonlyMap<string, Node>,
): DeliverySettings {
  const own = readFields(reading, fields.get('pullRequests'), parsePullRequests)
  const groups = new Map<string, GroupSettings>()
  const node = fields.get('groups')
  const isEmpty = node === undefined || isNull(node)
  for (const [name, value] of isEmpty ? [] : readMapping(reading, node, 'groups', 'any')) {
    // What cannot be read must not make updates go past a person who wanted to look first.
    groups.set(name, readFields(reading, value, parseGroupSettings) ?? { mode: 'pr' })
  }
  const { mode, group } = presetDelivery(defaults)
  return {
    mode: mode ?? usualDelivery.mode,
    group,
    pullRequests: { ...usualDelivery.pullRequests, ...own },
    groups,
  }
}

/** Defaults that are none are told where they stand, and hold every image that takes them. */
function presetDelivery(defaults: PolicyDefaults): Delivery {
  try {
    return parseDelivery(splitDelivery(defaults).delivery)
  } catch (error) {
    if (error instanceof MagosError) return { mode: 'pr', group: null }
    throw error
  }
}

function readFields<Settings>(
  reading: Reading,
  node: Node | undefined,
  parse: (fields: Readonly<Record<string, unknown>>) => Settings,
): Settings | null {
  if (node === undefined || isNull(node)) return parse({})
  const value: unknown = plainValue(node)
  try {
    if (isMap(node) && typeof value === 'object' && value !== null) return parse({ ...value })
    report(reading, node, 'Settings of pull requests are no mapping', 'Write them as KEY: VALUE')
  } catch (error) {
    if (!(error instanceof MagosError)) throw error
    report(reading, node, error.message, error.remedy ?? 'Correct it')
  }
  return null
}
