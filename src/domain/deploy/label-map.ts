import { members } from './members.ts'

/** Labels as a mapping, from Compose's mapping or its list of `key=value`. */
export function labelMap(labels: unknown): Record<string, unknown> {
  if (!Array.isArray(labels)) return members(labels)
  const pairs = labels.filter((label): label is string => typeof label === 'string')
  return Object.fromEntries(
    pairs.map((pair) => {
      const equals = pair.indexOf('=')
      return equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)]
    }),
  )
}
