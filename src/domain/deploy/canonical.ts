/** JSON with keys in code-unit order, so that equal values give equal text. Lists keep their order. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) =>
    isPlainObject(member) ? sorted(member) : member,
  )
}

/** Whether both say the same in JSON; what is absent is null. */
export function isSame(one: unknown, other: unknown): boolean {
  return canonicalJson(one ?? null) === canonicalJson(other ?? null)
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function sorted(members: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(members).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)),
  )
}
