import type { Io } from './io.ts'

const gap = '  '
const narrowest = 8

/** Columns beside which the last one is easily squeezed into a ribbon. */
const many = 4
const indent = '    '

/**
 * Rows under their heads, columns padded, one line break at the end. On a terminal that is too narrow long cells are
 * wrapped until the table fits, and the digests of references are told by their first digits, as engines do; nothing else
 * is cut. Of many columns the last, which says why, goes below its row where it had less than half of the line.
 * Characters that could move a terminal's cursor are spelled out.
 */
export function table(
  { columns }: Pick<Io, 'columns'>,
  heads: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const lines = [heads, ...rows].map((row) =>
    heads.map((_, column) => printable(row[column] ?? '')),
  )
  const room = columns - gap.length * (heads.length - 1)
  const natural = widthsOf(lines)
  if (columns <= 0 || sum(natural) <= room) return layOutAll(lines, natural)
  const shorter = lines.map((line) => line.map(shortDigests))
  const widths = fit(widthsOf(shorter), room)
  const isRibbon = heads.length >= many && (widths.at(-1) ?? 0) * 2 < columns
  return isRibbon ? layOutBelow(shorter, columns) : layOutAll(shorter, widths)
}

/** Control characters and those that reorder text come from registries and files that we do not trust. */
export function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  )
}

/** A digest on its own stays whole: whoever asks for it wants all of it. */
function shortDigests(text: string): string {
  return text.replace(/(@sha256:[0-9a-f]{12})[0-9a-f]{52}/g, '$1…')
}

function widthsOf(lines: readonly (readonly string[])[]): readonly number[] {
  const [heads = []] = lines
  return heads.map((_, column) => longest(lines.map((line) => line[column] ?? '')))
}

/** Caps the widest columns alike, until all fit or are as narrow as can be read. */
function fit(natural: readonly number[], room: number): readonly number[] {
  let cap = longestOf(natural)
  const capped = (): readonly number[] => natural.map((width) => Math.min(width, cap))
  while (cap > narrowest && sum(capped()) > room) cap--
  return capped()
}

function layOutAll(lines: readonly (readonly string[])[], widths: readonly number[]): string {
  return lines.map((line) => layOut(line, widths)).join('')
}

function layOutBelow(lines: readonly (readonly string[])[], columns: number): string {
  const upper = lines.map((line) => line.slice(0, -1))
  const width = Math.max(columns - indent.length, narrowest)
  const widths = fit(widthsOf(upper), columns - gap.length * ((upper[0]?.length ?? 1) - 1))
  return lines
    .map((line, row) => {
      const last = line.at(-1) ?? ''
      const below = last === '' ? [] : wrap(last, width).map((text) => `${indent}${text}\n`)
      return `${layOut(upper[row] ?? [], widths)}${below.join('')}`
    })
    .join('')
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

/** Parts of a path or a reference stay whole where that leaves more than a quarter of the line. */
function pieces(word: string, width: number): readonly string[] {
  if (word.length <= width) return [word]
  const [joint = ''] = /^.*(?:[/,_-]|(?=@)|(?<!@sha256)(?=:))/s.exec(word.slice(0, width)) ?? []
  const end = joint.length * 4 > width ? joint.length : width
  return [word.slice(0, end), ...pieces(word.slice(end), width)]
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
