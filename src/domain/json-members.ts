/**
 * The named members of the JSON object that `text` holds, read no further than to the last of them: parsing the whole of a
 * large delivery costs more than verifying it. Null when it is no object, when one of them is not there, or when anything
 * on the way is not plain JSON; then only `JSON.parse` can tell.
 */
export function readJsonMembers(
  text: string,
  names: readonly string[],
): Readonly<Record<string, unknown>> | null {
  const found = new Map<string, unknown>()
  let at = skipBlanks(text, 0)
  if (text[at] !== '{') return null
  do {
    const keyStart = skipBlanks(text, at + 1)
    const keyEnd = endOfString(text, keyStart)
    const colon = skipBlanks(text, keyEnd)
    if (keyEnd === NONE || text[colon] !== ':') return null
    const start = skipBlanks(text, colon + 1)
    const end = endOfValue(text, start)
    if (end === NONE) return null
    const name = text.slice(keyStart + 1, keyEnd - 1)
    if (names.includes(name) && !found.has(name)) {
      const value = parse(text.slice(start, end))
      if (value === undefined) return null
      found.set(name, value)
      if (found.size === names.length) return Object.fromEntries(found)
    }
    at = skipBlanks(text, end)
  } while (text[at] === ',')
  return null
}

const NONE = -1
const QUOTE = 0x22
const BACKSLASH = 0x5c

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function skipBlanks(text: string, from: number): number {
  let at = from
  while (isBlank(text.charCodeAt(at))) at += 1
  return at
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
}

/** Behind the closing quote of the string that begins there. */
function endOfString(text: string, start: number): number {
  if (text.charCodeAt(start) !== QUOTE) return NONE
  let quote = text.indexOf('"', start + 1)
  while (quote !== NONE && isEscaped(text, quote)) quote = text.indexOf('"', quote + 1)
  return quote === NONE ? NONE : quote + 1
}

/** An odd number of backslashes stands before it. */
function isEscaped(text: string, quote: number): boolean {
  let backslashes = 0
  while (text.charCodeAt(quote - 1 - backslashes) === BACKSLASH) backslashes += 1
  return backslashes % 2 === 1
}

function endOfValue(text: string, start: number): number {
  const first = text[start]
  if (first === '"') return endOfString(text, start)
  if (first === '{' || first === '[') return endOfNested(text, start)
  let at = start
  while (/[-+.\w]/.test(text.charAt(at))) at += 1
  return at === start ? NONE : at
}

/** Counts brackets of both kinds alike: a value that mixes them up is no JSON, and parsing it says so. */
function endOfNested(text: string, start: number): number {
  let depth = 0
  for (let at = start; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) {
      const end = endOfString(text, at)
      if (end === NONE) return NONE
      at = end - 1
    } else if (code === 0x7b || code === 0x5b) depth += 1
    else if (code === 0x7d || code === 0x5d) {
      depth -= 1
      if (depth === 0) return at + 1
    }
  }
  return NONE
}
