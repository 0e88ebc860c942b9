import {
  Composer,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  Parser,
  type Alias,
  type Document,
  type Node,
  type YAMLMap,
} from 'yaml'

import type { Problem } from '../problem.ts'

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

export interface YamlDocument {
  readonly root: Node | null
  /** What each alias stands for. */
  readonly targets: ReadonlyMap<Alias, Node>
}

export interface Comment {
  /** Of its `#`. */
  readonly offset: number
  readonly line: number
  readonly text: string
}

/** Compose itself reads more; nobody writes it. */
export const maxFileBytes = 1024 * 1024
const maxDepth = 100
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
  const comments = readTokens(tokens, place, report)
  if (problems.length > 0) return broken(comments)
  const documents = [...new Composer(composerOptions).compose(tokens, true, text.length)]
  for (const document of documents) {
    for (const error of document.errors) {
      report(error.pos[0], withoutQuotation(error.message), 'Correct the YAML at this place')
    }
  }
  if (problems.length > 0) return broken(comments)
  const read = documents.map((document) => readDocument(document, report))
  return problems.length > 0
    ? broken(comments)
    : { file, text, documents: read, comments, problems, place }
}

type Report = (offset: number | null, message: string, remedy: string) => void
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

/** Collects comments wherever they hide, and refuses what would exhaust the stack of anything recursive. */
function readTokens(
  tokens: readonly Token[],
  place: YamlFile['place'],
  report: Report,
): readonly Comment[] {
  const comments: Comment[] = []
  const open: [value: unknown, depth: number][] = [[tokens, 0]]
  let documents = 0
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [value, depth] = next
    if (Array.isArray(value)) {
      for (const item of value) open.push([item, depth])
      continue
    }
    if (!isRecord(value)) continue
    const offset = typeof value['offset'] === 'number' ? value['offset'] : 0
    if (value['type'] === 'document') documents += 1
    if (value['type'] === 'comment') {
      comments.push({ offset, line: place(offset).line, text: String(value['source']) })
      continue
    }
    const deeper = depth + (Array.isArray(value['items']) ? 1 : 0)
    if (deeper > maxDepth) {
      report(offset, `Nesting is deeper than ${maxDepth} levels`, 'Flatten the file')
      return comments
    }
    for (const part of ['start', 'key', 'sep', 'value', 'items', 'end', 'props']) {
      if (typeof value[part] === 'object') open.push([value[part], deeper])
    }
  }
  if (documents > maxDocuments) {
    report(null, `File holds more than ${maxDocuments} documents`, 'Split it into several files')
  }
  return comments.toSorted((a, b) => a.offset - b.offset)
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

/** The library quotes what it stumbled over, and that may be a password. */
function withoutQuotation(message: string): string {
  return message.replace(/:?\s*["'].*$/s, '').replace(/\s+/g, ' ')
}

function readDocument(document: Document.Parsed, report: Report): YamlDocument {
  const anchors = new Map<string, Node>()
  const open = new Set<Node>()
  const targets = new Map<Alias, Node>()
  const mergeDepths = new Map<Node, number>()

  const visit = (node: Node | null): void => {
    if (node === null) return
    if (isAlias(node)) {
      const target = anchors.get(node.source)
      if (target === undefined) {
        report(start(node), `Alias "*${node.source}" has no anchor before it`, 'Define the anchor')
      } else if (open.has(target)) {
        report(start(node), `Anchor "&${node.source}" contains itself`, 'Break the circle')
      } else {
        targets.set(node, target)
      }
      return
    }
    if (node.anchor !== undefined) anchors.set(node.anchor, node)
    if (isMap(node)) {
      open.add(node)
      readKeys(node, report)
      for (const { key, value } of node.items) {
        if (isNode(key)) visit(key)
        if (isNode(value)) visit(value)
      }
      open.delete(node)
      mergeDepths.set(node, readMerges(node, targets, mergeDepths, report))
    } else if (isSeq(node)) {
      open.add(node)
      for (const item of node.items) if (isNode(item)) visit(item)
      open.delete(node)
    }
  }
  visit(document.contents)
  return { root: document.contents, targets }
}

/** Keys are compared as text, as Compose does: `1` and `"1"` are one key. */
function readKeys(map: YAMLMap, report: Report): void {
  const seen = new Set<string>()
  for (const { key } of map.items) {
    if (!isScalar(key)) {
      report(isNode(key) ? start(key) : start(map), 'Key is no plain text', 'Write the key out')
      continue
    }
    const name = keyText(key)
    if (seen.has(name))
      report(start(key), `Key "${name}" stands twice in one mapping`, 'Remove one')
    seen.add(name)
  }
}

/** How many merges lie behind one another below this mapping; each must be a mapping or a list of them. */
function readMerges(
  map: YAMLMap,
  targets: ReadonlyMap<Alias, Node>,
  depths: ReadonlyMap<Node, number>,
  report: Report,
): number {
  let depth = 0
  for (const { key, value } of map.items) {
    if (!isMergeKey(key)) continue
    for (const merged of mergedNodes(value, targets)) {
      if (isMap(merged)) depth = Math.max(depth, 1 + (depths.get(merged) ?? 0))
      else
        report(
          offsetOf(key),
          'Merge key "<<" takes no mapping',
          'Merge a mapping or a list of them',
        )
    }
  }
  if (depth > maxDepth) {
    report(start(map), `Merge keys are deeper than ${maxDepth} levels`, 'Flatten the file')
  }
  return depth
}

/** YAML 1.1's merge key: only the plain spelling merges, a quoted one is a key like any other. */
export function isMergeKey(key: unknown): boolean {
  return isScalar(key) && key.type === 'PLAIN' && key.source === '<<'
}

/** What a merge key's value merges, in order of precedence. */
export function mergedNodes(value: unknown, targets: ReadonlyMap<Alias, Node>): readonly unknown[] {
  const node = isAlias(value) ? targets.get(value) : value
  if (!isSeq(node)) return [node]
  return node.items.map((item) => (isAlias(item) ? targets.get(item) : item))
}

export function keyText(key: unknown): string {
  if (!isScalar(key)) return ''
  return typeof key.value === 'string' ? key.value : (key.source ?? '')
}

function offsetOf(node: unknown): number {
  return isNode(node) ? start(node) : 0
}

/** Offset of a node's first character, behind its anchor and tag. */
export function start(node: Node): number {
  return node.range?.[0] ?? 0
}
