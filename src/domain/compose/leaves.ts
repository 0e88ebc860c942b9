import { isAlias, isMap, isNode, isScalar, isSeq, type Node } from 'yaml'

import { innerRange } from './scalar-range.ts'
import type { YamlFile } from './yaml-file.ts'

/** What an edit must not change beside what it means to. */
export interface Leaf {
  /** Everything that tells it from another one. */
  readonly text: string
  /** Everything but its value. */
  readonly shape: string
  readonly value: unknown
  readonly plain: boolean
  /** Where a reference would begin in it; null for what is no scalar. */
  readonly inner: number | null
}

/** Scalars, aliases and the brackets around them, in the order of the file. */
export function leaves({ text, documents }: YamlFile): readonly Leaf[] {
  const found: Leaf[] = []
  const mark = (shape: string) =>
    found.push({ text: shape, shape, value: null, plain: false, inner: null })
  const visit = (node: Node): void => {
    if (isAlias(node)) mark(`*${node.source}`)
    else if (isScalar(node)) {
      const shape = JSON.stringify([node.type, node.tag, node.anchor, typeof node.value])
      found.push({
        text: `${shape} ${String(node.value)}`,
        shape,
        value: node.value,
        plain: node.type === 'PLAIN',
        inner: innerRange(text, node)[0],
      })
    } else if (isMap(node) || isSeq(node)) {
      mark(JSON.stringify([isMap(node) ? 'map' : 'seq', node.tag, node.anchor, node.flow === true]))
      const children = isMap(node)
        ? node.items.flatMap(({ key, value }) => [key, value])
        : node.items
      for (const child of children) if (isNode(child)) visit(child)
      mark('end')
    }
  }
  for (const { root } of documents) {
    mark('---')
    if (root !== null) visit(root)
  }
  return found
}
