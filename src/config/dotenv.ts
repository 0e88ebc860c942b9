import type { Place } from '../domain/error.ts'

export interface DotenvEntry {
  readonly name: string
  readonly value: string
  /** Of the value's first character. */
  readonly place: Place
}

export interface DotenvProblem {
  readonly place: Place
  readonly message: string
}

export interface Dotenv {
  readonly entries: ReadonlyMap<string, DotenvEntry>
  readonly problems: readonly DotenvProblem[]
}

const ASSIGNMENT = /^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*/
const BLANK = /^[ \t]*(?:#.*)?$/
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' }

/**
 * Reads `NAME=value` lines. Quoted values may span lines; `\n`, `\"`, `\\` count within double quotes only; ` #` ends an
 * unquoted value. Nothing is interpolated. A line that is no assignment, and a name that stands twice, is a problem; the
 * other lines still count.
 */
export function parseDotenv(file: string, text: string): Dotenv {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/)
  const entries = new Map<string, DotenvEntry>()
  const problems: DotenvProblem[] = []
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? ''
    if (BLANK.test(line)) continue
    const [assignment, name] = ASSIGNMENT.exec(line) ?? []
    if (assignment === undefined || name === undefined) {
      problems.push({
        place: { file, line: index + 1, column: line.search(/\S/) + 1 },
        message: 'Cannot read the line: expected NAME=value',
      })
      continue
    }
    const place = { file, line: index + 1, column: assignment.length + 1 }
    const value = readValue(lines, index, line.slice(assignment.length))
    if (typeof value === 'string') {
      problems.push({ place, message: `Cannot read the value of ${name}: ${value}` })
      continue
    }
    index = value.lastLine
    const first = entries.get(name)
    if (first) {
      const message = `Cannot set ${name} twice: it stands on line ${String(first.place.line)} already`
      problems.push({ place, message })
      continue
    }
    entries.set(name, { name, value: value.text, place })
  }
  return { entries, problems }
}

interface Value {
  readonly text: string
  readonly lastLine: number
}

/** The value that begins with `rest` on line `index`, or why there is none. */
function readValue(lines: readonly string[], index: number, rest: string): Value | string {
  const quote = rest[0]
  if (quote !== '"' && quote !== "'") {
    return { text: rest.replace(/(?:^|[ \t])#.*$/, '').trim(), lastLine: index }
  }
  const whole = [rest, ...lines.slice(index + 1)].join('\n')
  const end = closingQuote(whole, quote)
  if (end === -1) return `the quote ${quote} is never closed`
  const inner = whole.slice(1, end)
  const behind = whole.slice(end + 1).split('\n', 1)[0] ?? ''
  if (!BLANK.test(behind)) return 'there is text behind the closing quote'
  return {
    text: quote === '"' ? unescape(inner) : inner,
    lastLine: index + inner.split('\n').length - 1,
  }
}

function closingQuote(text: string, quote: string): number {
  for (let at = 1; at < text.length; at++) {
    if (quote === '"' && text[at] === '\\') at++
    else if (text[at] === quote) return at
  }
  return -1
}

function unescape(text: string): string {
  return text.replace(/\\([nrt"\\])/g, (_, letter: string) => ESCAPES[letter] ?? letter)
}
