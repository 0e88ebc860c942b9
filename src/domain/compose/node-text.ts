import { isMap, isScalar, type Node } from 'yaml'

import type { Mappings } from './mapping.ts'
import { start } from './yaml-document.ts'

export interface Text {
  readonly value: string
  /** Of its first character, inside its quotes. */
  readonly offset: number
}

export function child(read: Mappings, node: Node | null, key: string): Node | null {
  return isMap(node) ? (read.get(node, key)?.node ?? null) : null
}

/** null for what is no text, and for an empty one. */
export function text(node: Node | null): Text | null {
  if (!isScalar(node) || typeof node.value !== 'string' || node.value === '') return null
  const quote = node.type === 'QUOTE_SINGLE' || node.type === 'QUOTE_DOUBLE' ? 1 : 0
  return { value: node.value, offset: start(node) + quote }
}

export function texts(read: Mappings, node: Node | null): readonly Text[] {
  return node === null ? [] : read.items(node).flatMap((item) => text(item) ?? [])
}

export function values(read: Mappings, node: Node | null): readonly Node[] {
  return isMap(node) ? [...read.entries(node).values()].map((found) => found.node) : []
}
