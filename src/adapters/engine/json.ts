/** What lies at the path, or undefined: engines differ in what they leave out. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  let here = value
  for (const key of path) {
    if (typeof here !== 'object' || here === null) return undefined
    here = Object.entries(here).find(([name]) => name === key)?.[1]
  }
  return here
}

export function textAt(value: unknown, ...path: readonly string[]): string {
  const found = at(value, ...path)
  return typeof found === 'string' ? found : ''
}

export function numberAt(value: unknown, ...path: readonly string[]): number {
  const found = Number(at(value, ...path) ?? 0)
  return Number.isFinite(found) ? found : 0
}

export function textsAt(value: unknown, ...path: readonly string[]): readonly string[] {
  const found = at(value, ...path)
  return Array.isArray(found) ? found.filter((one) => typeof one === 'string') : []
}

/** One JSON document, an array of them, or one a line; null where it is none of these. */
export function parseDocuments(text: string): readonly unknown[] | null {
  const trimmed = text.trim()
  if (trimmed === '' || trimmed === 'null') return []
  const whole = parse(trimmed)
  if (whole !== undefined) return Array.isArray(whole) ? whole : [whole]
  const lines = trimmed.split('\n').map(parse)
  return lines.includes(undefined) ? null : lines
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
