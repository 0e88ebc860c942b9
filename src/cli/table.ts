import type { Io } from './io.ts'

const gap = '  '
const narrowest = 8

/**
 * Rows under their heads, columns padded, one line break at the end. On a terminal long cells are wrapped until the
 * table fits, never cut; characters that could move a terminal's cursor are spelled out.
 */
export function table(
  { columns }: Pick<Io, 'columns'>,
  heads: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const lines = [heads, ...rows].map((row) =>
    heads.map((_, column) => printable(row[column] ?? '')),
  )
  const natural = heads.map((_, column) => longest(lines.map((line) => line[column] ?? '')))
  const widths = columns > 0 ? fit(natural, columns - gap.length * (heads.length - 1)) : natural
  return lines.map((line) => layOut(line, widths)).join('')
}

/** Control characters and those that reorder text come from registries and files that we do not trust. */
export function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  )
}

/** Caps the widest columns alike, until all fit or are as narrow as can be read. */
function fit(natural: readonly number[], room: number): readonly number[] {
  let cap = longestOf(natural)
  const capped = (): readonly number[] => natural.map((width) => Math.min(width, cap))
  while (cap > narrowest && sum(capped()) > room) cap--
  return capped()
}

function layOut(cells: readonly string[], widths: readonly number[]): string {
  const wrapped = cells.map((cell, column) => wrap(cell, widths[column] ?? narrowest))
  const height = longestOf(wrapped.map((lines) => lines.length))
  let text = ''
  for (let index = 0; index < height; index++) {
    const line = wrapped.map((lines, column) => (lines[index] ?? '').padEnd(widths[column] ?? 0))
    text += `${line.join(gap).trimEnd()}\n`
  }
  return text
}

/** Breaks at blanks, and inside a word only where the word alone is too long. */
function wrap(text: string, width: number): readonly string[] {
  if (text.length <= width) return [text]
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ').flatMap((whole) => pieces(whole, width))) {
    const longer = line === '' ? word : `${line} ${word}`
    if (line !== '' && longer.length > width) {
      lines.push(line)
      line = word
    } else {
      line = longer
    }
  }
  return [...lines, line]
}

function pieces(word: string, width: number): readonly string[] {
  if (word.length <= width) return [word]
  return Array.from({ length: Math.ceil(word.length / width) }, (_, index) =>
    word.slice(index * width, (index + 1) * width),
  )
}

function longest(texts: readonly string[]): number {
  return longestOf(texts.map((text) => text.length))
}

function longestOf(widths: readonly number[]): number {
  return widths.reduce((most, width) => Math.max(most, width), 0)
}

function sum(widths: readonly number[]): number {
  return widths.reduce((total, width) => total + width, 0)
}
