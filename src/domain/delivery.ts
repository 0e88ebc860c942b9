import { MagosError } from './error.ts'

/** How an update reaches the branch: at once, or by a pull request. */
export type DeliveryMode = 'commit' | 'pr'

/** What an annotation says about that; null where it says nothing. */
export interface Delivery {
  readonly mode: DeliveryMode | null
  /** Images of one group share a pull request. */
  readonly group: string | null
}

export const deliveryKeys = ['mode', 'group'] as const

export const noDelivery: Delivery = { mode: null, group: null }

type Fields = Readonly<Record<string, unknown>>

/** Reads the keys of an annotation that say how its updates are delivered. Throws `policy` with the remedy. */
export function parseDelivery({ mode, group }: Fields): Delivery {
  return {
    mode: mode === undefined ? null : parseMode(mode),
    group: group === undefined ? null : parseGroup(group),
  }
}

/** The fields without those, and those alone. */
export function splitDelivery(fields: Fields): {
  readonly rest: Fields
  readonly delivery: Fields
} {
  const entries = Object.entries(fields)
  return {
    rest: Object.fromEntries(entries.filter(([key]) => !isDelivery(key))),
    delivery: Object.fromEntries(entries.filter(([key]) => isDelivery(key))),
  }
}

function isDelivery(key: string): boolean {
  return deliveryKeys.some((known) => known === key)
}

export function parseMode(value: unknown): DeliveryMode {
  if (value === 'commit' || value === 'pr') return value
  throw new MagosError('policy', `Cannot read "mode" ${shown(value)}: there is none of that name`, {
    remedy: 'write "commit" or "pr"',
  })
}

/** It stands in titles and trailers, so it is one short line. */
const groupPattern = /^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,63}$/u

function parseGroup(value: unknown): string {
  if (typeof value === 'string' && groupPattern.test(value)) return value.trimEnd()
  throw new MagosError('policy', `Cannot read "group" ${shown(value)}: it is no name of a group`, {
    remedy: 'write up to 64 letters, digits, blanks, dots, dashes and underscores, a letter first',
  })
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 80)
}
