import { LineCounter, Parser } from 'yaml'

import type { Place } from '../error.ts'
import { maxDepth } from './json-reader.ts'
import { refusal } from './refusal.ts'

type Token = ReturnType<Parser['parse']> extends Generator<infer T> ? T : never

export interface YamlTokens {
  readonly tokens: readonly Token[]
  /** In the order of the file. */
  readonly comments: readonly CommentToken[]
  lineOf(offset: number): number
}

export interface CommentToken {
  /** Of its `#`. */
  readonly offset: number
  /** From 0. */
  readonly column: number
  /** Behind its `#`. */
  readonly text: string
  readonly stands: 'alone' | 'beside'
}

/** Cuts YAML into tokens. Throws `bad-metadata` where it nests so deep that reading it would exhaust the stack. */
export function tokenize(text: string, place: Place): YamlTokens {
  const lines = new LineCounter()
  const tokens = [...new Parser(lines.addNewLine).parse(text)]
  const lineOf = (offset: number) => lines.linePos(offset).line
  const comments: CommentToken[] = []
  // What is looked at next, and how deep it stands: not in pairs, for files have tens of thousands.
  const open: unknown[] = [tokens]
  const depths = [0]
  while (open.length > 0) {
    const value = open.pop()
    const depth = depths.pop() ?? 0
    if (Array.isArray(value)) {
      for (const item of value) {
        if (!holdsMore(item)) continue
        open.push(item)
        depths.push(depth)
      }
      continue
    }
    if (!isRecord(value)) continue
    const offset = typeof value['offset'] === 'number' ? value['offset'] : 0
    if (value['type'] === 'comment') comments.push(commentAt(text, offset, String(value['source'])))
    const deeper = depth + (Array.isArray(value['items']) ? 1 : 0)
    if (deeper > maxDepth) {
      const at = { file: place.file, line: lineOf(offset) }
      const reason = `it nests deeper than ${maxDepth} levels`
      throw refusal('bad-metadata', `Cannot read YAML: ${reason}`, at)
    }
    for (const part of parts) {
      const inner = value[part]
      if (typeof inner !== 'object' || !holdsMore(inner)) continue
      open.push(inner)
      depths.push(deeper)
    }
  }
  return { tokens, comments: comments.toSorted((a, b) => a.offset - b.offset), lineOf }
}

/** Where tokens keep other tokens. */
const parts = ['start', 'key', 'sep', 'value', 'items', 'end', 'props'] as const

/** Most tokens are blanks, line breaks and colons, with nothing in them. */
function holdsMore(item: unknown): boolean {
  if (Array.isArray(item)) return item.length > 0
  if (!isRecord(item)) return false
  const { type } = item
  return type !== 'space' && type !== 'newline' && type !== 'map-value-ind'
}

function commentAt(text: string, offset: number, source: string): CommentToken {
  const lineStart = text.lastIndexOf('\n', offset - 1) + 1
  const isAlone = /^[ \t]*$/.test(text.slice(lineStart, offset))
  const column = offset - lineStart
  return { offset, column, text: source.slice(1), stands: isAlone ? 'alone' : 'beside' }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
