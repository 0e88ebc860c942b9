import { Composer, LineCounter, Parser } from 'yaml'

import type { Problem } from '../problem.ts'
import { disputedBreak } from './line-breaks.ts'
import { firstSlip } from './yaml-slip.ts'
import { maxDepth, readDocument, type Report, type YamlDocument } from './yaml-document.ts'

/** A YAML file with everything that locating needs; nothing of it is expanded, so aliases cannot blow it up. */
export interface YamlFile {
  readonly file: string
  readonly text: string
  /** Empty when the file has problems: a broken file is not half understood. */
  readonly documents: readonly YamlDocument[]
  readonly comments: readonly Comment[]
  readonly problems: readonly Problem[]
  readonly place: (offset: number) => { readonly line: number; readonly column: number }
}

export interface Comment {
  /** Of its `#`. */
  readonly offset: number
  readonly line: number
  readonly text: string
}

/** Compose itself reads more; nobody writes it. */
const maxFileBytes = 1024 * 1024
const maxDocuments = 100
const maxProblems = 20

/** Reads YAML for its places. Never throws: whatever is wrong stands in `problems`. */
export function parseYamlFile(file: string, text: string): YamlFile {
  const lines = new LineCounter()
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset)
    return { line, column: col }
  }
  const problems: Problem[] = []
  const report: Report = (offset, message, remedy) => {
    if (problems.length >= maxProblems) return
    const at = offset === null ? { line: 1, column: 1 } : place(offset)
    problems.push({ file, ...at, severity: 'error', code: 'compose', message, remedy })
  }
  const broken = (comments: readonly Comment[] = []): YamlFile => ({
    file,
    text,
    documents: [],
    comments,
    problems,
    place,
  })

  if (!isText(text, report)) return broken()
  const tokens = [...new Parser(lines.addNewLine).parse(text)]
  const { comments, quoted } = readTokens(tokens, place, report)
  const disputed = disputedBreak(text, quoted)
  if (disputed !== null) {
    const message = 'Not all readers of YAML take this character for a line break'
    report(disputed, message, 'Write a plain line break, or put the text in quotes')
  }
  if (problems.length > 0) return broken(comments)
  const documents = [...new Composer(composerOptions).compose(tokens, true, text.length)]
  for (const document of documents) {
    const slip = firstSlip(text, document.errors, quoted)
    if (slip !== null) report(slip.offset, slip.message, slip.remedy)
  }
  if (problems.length > 0) return broken(comments)
  const read = documents.map((document) => readDocument(document, report))
  return problems.length > 0
    ? broken(comments)
    : { file, text, documents: read, comments, problems, place }
}

type Token = ReturnType<Parser['parse']> extends Generator<infer T> ? T : never

/** The library compares every key with every other; `readDocument` finds duplicates in one pass. */
const composerOptions = { uniqueKeys: false, logLevel: 'silent', merge: false } as const

function isText(text: string, report: Report): boolean {
  if (byteLength(text) > maxFileBytes) {
    report(null, 'File is over 1 MiB', 'Split it into several stacks')
    return false
  }
  if (/[\0\uFFFD]/.test(text)) {
    report(null, 'File is no UTF-8 text', 'Save it as UTF-8')
    return false
  }
  return true
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length
}

const tokenParts = ['start', 'key', 'sep', 'value', 'items', 'end', 'props'] as const

interface ReadTokens {
  readonly comments: readonly Comment[]
  /** Where quoted scalars stand. */
  readonly quoted: readonly (readonly [number, number])[]
}

/** Collects comments wherever they hide, and refuses what would exhaust the stack of anything recursive. */
function readTokens(
  tokens: readonly Token[],
  place: YamlFile['place'],
  report: Report,
): ReadTokens {
  const comments: Comment[] = []
  const quoted: [number, number][] = []
  const open: unknown[] = [tokens]
  const depths = [0]
  let documents = 0
  while (open.length > 0) {
    const value = open.pop()
    const depth = depths.pop() ?? 0
    if (Array.isArray(value)) {
      for (const item of value) {
        open.push(item)
        depths.push(depth)
      }
      continue
    }
    if (!isRecord(value)) continue
    const offset = typeof value['offset'] === 'number' ? value['offset'] : 0
    if (value['type'] === 'document') documents += 1
    if (value['type'] === 'comment') {
      comments.push({ offset, line: place(offset).line, text: String(value['source']) })
      continue
    }
    if (value['type'] === 'single-quoted-scalar' || value['type'] === 'double-quoted-scalar') {
      quoted.push([offset, offset + String(value['source']).length])
    }
    const deeper = depth + (Array.isArray(value['items']) ? 1 : 0)
    if (deeper > maxDepth) {
      report(offset, `Nesting is deeper than ${maxDepth} levels`, 'Flatten the file')
      return { comments, quoted }
    }
    for (const part of tokenParts) {
      if (typeof value[part] !== 'object') continue
      open.push(value[part])
      depths.push(deeper)
    }
  }
  if (documents > maxDocuments) {
    report(null, `File holds more than ${maxDocuments} documents`, 'Split it into several files')
  }
  return { comments: comments.toSorted((a, b) => a.offset - b.offset), quoted }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
