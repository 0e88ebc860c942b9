import {
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
} from 'yaml'
import type { Document } from 'yaml'

import type { Place } from '../domain/error.ts'
import type { ConfigProblem } from './problem.ts'

/** A YAML text's value, and where in the text its parts stand. */
export interface YamlText {
  readonly value: unknown
  /** Of the key or the value at the end of that path, or of what of the path there is. */
  place(path: readonly unknown[], origin: 'key' | 'value'): Place
}

/** Names that a plain object cannot hold safely. */
const UNSAFE_KEYS: ReadonlySet<unknown> = new Set(['__proto__', 'constructor', 'prototype'])

/** Null, with its problems added, where the text is no single YAML document. */
export function readYaml(file: string, text: string, problems: ConfigProblem[]): YamlText | null {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    return { file, line, column: col }
  }
  const found: ConfigProblem[] = [...document.errors, ...document.warnings].map((error) => ({
    variable: null,
    place: placeAt(error.pos[0]),
    message: `Cannot read the YAML: ${sentence(error.message)}`,
    remedy: null,
  }))
  visit(document, {
    Pair(_, { key }) {
      if (!isScalar(key) || !UNSAFE_KEYS.has(key.value)) return
      found.push({
        variable: null,
        place: placeAt(key.range?.[0] ?? 0),
        message: `Cannot use key ${JSON.stringify(key.value)}: the name is reserved`,
        remedy: null,
      })
    },
  })
  problems.push(...found)
  if (found.length > 0) return null
  return {
    // an empty document says nothing, so every default holds
    value: document.toJS() ?? {},
    place: (path, origin) => placeAt(offsetOf(document, path, origin)),
  }
}

function sentence(message: string): string {
  const [first = ''] = message.split('\n')
  return first.charAt(0).toLowerCase() + first.slice(1)
}

function offsetOf(document: Document, path: readonly unknown[], origin: 'key' | 'value'): number {
  let node: unknown = document.contents
  let offset = start(node) ?? 0
  for (const [depth, key] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document)
    if (isSeq(node)) node = node.items[Number(key)]
    else if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === key)
      if (!isPair(pair)) return offset
      const isLast = depth === path.length - 1
      offset = start(pair.key) ?? offset
      if (isLast && origin === 'key') return offset
      node = pair.value
    } else return offset
    offset = start(node) ?? offset
  }
  return offset
}

function start(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined
}
