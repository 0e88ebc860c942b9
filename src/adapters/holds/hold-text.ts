import type { Hold } from '../../domain/hold.ts'

/** A hold as it lies on the disk: `name: value`, one a line, for people to read. */
export function formatHold({ kind, by, reason, at, tracked }: Hold): string {
  const lines = [
    ['kind', kind],
    ['by', by],
    ['at', new Date(at).toISOString()],
    ['reason', reason],
    ...(tracked === null ? [] : [['tracked', tracked]]),
  ]
  return lines.map(([name, value = '']) => `${name}: ${oneLine(value)}\n`).join('')
}

/**
 * Reads it. Somebody may have made the file by hand, with little in it or with words of his own: it is an operator's
 * hold all the same, for letting go what shall be held is the worse mistake.
 */
export function parseHold(text: string): Hold {
  const fields = new Map(
    text.split('\n').flatMap((line): [string, string][] => {
      const [, name, value] = /^(\w+):\s*(.*)$/u.exec(line.trim()) ?? []
      return name === undefined || value === undefined ? [] : [[name, value]]
    }),
  )
  const kind = fields.get('kind') === 'stopped-by-hand' ? 'stopped-by-hand' : 'operator'
  return {
    kind,
    by: fields.get('by') ?? 'a file made by hand',
    reason: fields.get('reason') ?? (fields.size === 0 ? oneLine(text) : ''),
    at: Date.parse(fields.get('at') ?? ''),
    tracked: kind === 'operator' ? null : (fields.get('tracked') ?? null),
  }
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/gu, ' ').trim()
}
