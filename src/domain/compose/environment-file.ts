import { isEncrypted } from './encrypted.ts'

/** What sets a variable in an environment file. */
export interface Assignment {
  readonly name: string
  readonly value: string
  /** [start, end) of the value inside its quotes. */
  readonly range: readonly [number, number]
  readonly line: number
  readonly column: number
  /** Why nobody may edit it; null where it can be edited exactly. */
  readonly obstacle: string | null
}

/** A `.env` as Compose reads it, with places. */
export interface EnvironmentFile {
  readonly file: string
  readonly text: string
  /** Every assignment in the order of the file; the last one of a name rules. */
  readonly assignments: readonly Assignment[]
  /** The first line that is none; null for a sound file. */
  readonly defect: { readonly line: number; readonly column: number } | null
}

// https://github.com/compose-spec/compose-go/blob/main/dotenv/parser.go
const assignment = /^(\s*(?:export[ \t]+)?)([A-Za-z_][A-Za-z0-9_.-]*)([ \t]*[=:][ \t]*)/
const blank = /^\s*(?:#[^\n]*)?$/
/** A name alone takes the shell's value and sets nothing. */
const nothing = /^\s*(?:#[^\n]*|(?:export[ \t]+)?[A-Za-z_][A-Za-z0-9_.-]*\s*)?$/

/** Reads an environment file for its places. Never throws. */
export function parseEnvironmentFile(file: string, text: string): EnvironmentFile {
  const assignments: Assignment[] = []
  const encrypted = isEncrypted(text)
  let defect: EnvironmentFile['defect'] = null
  let at = text.startsWith('\uFEFF') ? 1 : 0
  let line = 1
  while (at < text.length) {
    const start = at
    const end = lineEnd(text, at)
    const content = text.slice(at, end)
    at = end + 1
    if (!nothing.test(content)) {
      const read = readAssignment(text, start, end, line, encrypted)
      if (read === null) defect ??= { line, column: content.search(/\S/) + 1 }
      else {
        assignments.push(read.assignment)
        at = lineEnd(text, read.end) + 1
      }
    }
    line += text.slice(start, at).split('\n').length - 1
  }
  return { file, text, assignments, defect }
}

/** The assignment that rules; null where the file does not set the variable. */
export function assignmentOf({ assignments }: EnvironmentFile, name: string): Assignment | null {
  return assignments.findLast((one) => one.name === name) ?? null
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from)
  return end === -1 ? text.length : end
}

function readAssignment(
  text: string,
  start: number,
  end: number,
  line: number,
  encrypted: boolean,
): { readonly assignment: Assignment; readonly end: number } | null {
  const match = assignment.exec(text.slice(start, end))
  if (match === null) return null
  const [whole, , name = ''] = match
  const from = start + whole.length
  const quote = text.charAt(from)
  const quoted = from < end && (quote === '"' || quote === "'")
  const close = quoted ? closingQuote(text, from + 1, quote) : -1
  if (quoted && (close === -1 || !blank.test(text.slice(close + 1, lineEnd(text, close))))) {
    return null
  }
  const range: [number, number] = quoted ? [from + 1, close] : [from, plainEnd(text, from, end)]
  const value = text.slice(...range)
  const obstacle = encrypted
    ? 'it is encrypted with SOPS'
    : (quote === "'" ? /[\\\n]/ : /[$\\\n]/).test(value)
      ? 'its value is made of others, or written with escapes or over several lines'
      : null
  const column = range[0] - start + 1
  return { assignment: { name, value, range, line, column, obstacle }, end: range[1] }
}

/** A backslash hides a quote of either kind. */
function closingQuote(text: string, from: number, quote: string): number {
  for (let at = from; at < text.length; at += 1) {
    if (text.charAt(at) === '\\' && (quote === '"' || text.charAt(at + 1) === quote)) at += 1
    else if (text.charAt(at) === quote) return at
  }
  return -1
}

/** A blank and a `#` end a plain value; what is blank before them is none of it. */
function plainEnd(text: string, from: number, end: number): number {
  const content = text.slice(from, end)
  const comment = content.search(/(?:^|[ \t])#/)
  return from + (comment === -1 ? content : content.slice(0, comment)).trimEnd().length
}
