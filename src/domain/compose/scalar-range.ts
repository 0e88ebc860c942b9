import type { Scalar } from 'yaml'

/** [start, end) of what a scalar says in the text: without its quotes, or a block's header and indentation. */
export function innerRange(text: string, scalar: Scalar): readonly [number, number] {
  const [from, to] = [scalar.range?.[0] ?? 0, scalar.range?.[1] ?? 0]
  if (scalar.type === 'QUOTE_SINGLE' || scalar.type === 'QUOTE_DOUBLE') return [from + 1, to - 1]
  if (scalar.type === 'PLAIN') return [from, to]
  const value = String(scalar.value).trim()
  const inner = value === '' ? -1 : text.slice(from, to).lastIndexOf(value)
  return inner === -1 ? [from, to] : [from + inner, from + inner + value.length]
}
