import { CST, isSeq, parseDocument } from 'yaml'

import { MagosError } from '../error.ts'
import { parseQuarantine } from './parse.ts'
import { isSameVersion, type QuarantineEntry } from './quarantine.ts'

/**
 * The file's text with these entries behind what it holds, each version once; null where it names all of them already.
 * Every other byte stays. Throws `edit` where that cannot be done, and then nothing may be written.
 */
export function quarantineVersions(
  file: string,
  text: string | null,
  entries: readonly QuarantineEntry[],
): string | null {
  const before = soundEntries(file, text)
  const fresh = entries.filter(
    (entry, index) =>
      !before.some((known) => isSameVersion(known, entry)) &&
      entries.findIndex((other) => isSameVersion(other, entry)) === index,
  )
  if (fresh.length === 0) return null
  const written = append(text ?? HEADER, fresh)
  return verified(file, written, [...before, ...fresh])
}

/** The file's text without the entries that fit, and what those were; null where none does. Throws `edit`. */
export function releaseVersions(
  file: string,
  text: string,
  fits: (entry: QuarantineEntry) => boolean,
): { readonly text: string; readonly released: readonly QuarantineEntry[] } | null {
  const before = soundEntries(file, text)
  const released = before.filter(fits)
  if (released.length === 0) return null
  const spans = itemSpans(file, text)
  const written = spans.reduceRight((rest, [from, to], index) => {
    const entry = before[index]
    return entry !== undefined && fits(entry) ? rest.slice(0, from) + rest.slice(to) : rest
  }, text)
  const left = before.filter((entry) => !fits(entry))
  return { text: verified(file, written, left), released }
}

const HEADER = `# Versions that no policy on any host picks. Magos adds one when an update had to be rolled back, \`magos hold\` by hand;
# \`magos release IMAGE:TAG\` takes it out again.
`

/** What is not understood is not edited. */
function soundEntries(file: string, text: string | null): readonly QuarantineEntry[] {
  const { entries, problems } = parseQuarantine(file, text)
  const problem = problems.find(({ severity }) => severity === 'error')
  if (problem === undefined) return entries
  const { line, column, message, remedy } = problem
  throw new MagosError('edit', `Cannot edit "${file}": ${message}`, {
    place: { file, line, column },
    ...(remedy === undefined ? {} : { remedy }),
  })
}

function append(text: string, entries: readonly QuarantineEntry[]): string {
  const eol = text.includes('\r\n') ? '\r\n' : '\n'
  const root = sequence(text)
  const isFlow = root !== null && root.type !== 'block-seq'
  if (isFlow && root.items.length === 0) {
    const end = root.end.find(({ type }) => type === 'flow-seq-end')?.offset ?? root.offset
    const rest = text.slice(0, root.offset) + text.slice(end + 1)
    return append(rest.trim() === '' ? '' : rest, entries)
  }
  if (isFlow) {
    const end = root.end.find(({ type }) => type === 'flow-seq-end')?.offset ?? text.length
    const more = entries.map((entry) => `, ${flowText(entry)}`).join('')
    return text.slice(0, end) + more + text.slice(end)
  }
  const indent = ' '.repeat(root?.indent ?? 0)
  const open = text === '' || text.endsWith('\n') ? '' : eol
  return text + open + entries.map((entry) => blockText(entry, indent, eol)).join('')
}

/** The list as it is written; null where there is none. */
function sequence(text: string): CST.BlockSequence | CST.FlowCollection | null {
  const { contents } = parseDocument(text, {
    keepSourceTokens: true,
    uniqueKeys: false,
    logLevel: 'silent',
  })
  const token = isSeq(contents) ? contents.srcToken : undefined
  return token?.type === 'block-seq' || token?.type === 'flow-collection' ? token : null
}

/** From the line of each entry's dash to the end of its last line; comments above it stay. */
function itemSpans(file: string, text: string): readonly (readonly [number, number])[] {
  const root = sequence(text)
  if (root?.type !== 'block-seq') {
    throw new MagosError('edit', `Cannot edit "${file}": it is no list with a dash an entry`, {
      place: { file, line: 1, column: 1 },
      remedy: 'Take the entry out by hand',
    })
  }
  return root.items.flatMap(({ start, value }) => {
    const dash = start.find(({ type }) => type === 'seq-item-ind')
    if (dash === undefined || value === undefined) return []
    const from = text.lastIndexOf('\n', dash.offset) + 1
    return [[from, endOfLine(text, lastOffset(value, dash.offset))] as const]
  })
}

/** Where the last thing that is not a comment or a blank begins: its line is the entry's last. */
function lastOffset(value: CST.Token, at: number): number {
  if (value.type === 'block-map') {
    const last = value.items.findLast((item) => item.key !== undefined && item.key !== null)
    const token = last?.value ?? last?.key
    return token === undefined || token === null ? value.offset : lastOffset(token, value.offset)
  }
  if (value.type === 'flow-collection') {
    return value.end.find(({ type }) => type === 'flow-map-end')?.offset ?? value.offset
  }
  if ('source' in value) {
    return value.offset + Math.max(value.source.length - 1, 0)
  }
  return Math.max(at, value.offset)
}

function endOfLine(text: string, offset: number): number {
  const end = text.indexOf('\n', offset)
  return end === -1 ? text.length : end + 1
}

const order = ['image', 'tag', 'digest', 'host', 'commit', 'reason', 'at'] as const

function pairs(entry: QuarantineEntry): readonly string[] {
  return order.flatMap((name) => {
    const value = entry[name]
    return value === null || value === '' ? [] : [`${name}: ${quoted(value)}`]
  })
}

function blockText(entry: QuarantineEntry, indent: string, eol: string): string {
  return pairs(entry)
    .map((pair, index) => `${indent}${index === 0 ? '- ' : '  '}${pair}${eol}`)
    .join('')
}

function flowText(entry: QuarantineEntry): string {
  return `{ ${pairs(entry).join(', ')} }`
}

/** In quotes, for a tag may look like a number; what cannot be seen is spelled out. https://yaml.org/spec/1.2.2/#57-escaped-characters */
function quoted(value: string): string {
  return JSON.stringify(value.toWellFormed()).replaceAll(
    /[\u007f-\u00a0\u00ad\u2028\u2029\ufeff\ufffd]|(?! )[\p{Cf}\p{Z}]/gu,
    (character) =>
      [...Array(character.length).keys()]
        .map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`)
        .join(''),
  )
}

/** The proof: read again, it says what was meant and nothing else. */
function verified(file: string, written: string, wanted: readonly QuarantineEntry[]): string {
  const { entries, problems } = parseQuarantine(file, written)
  const isMeant =
    !problems.some(({ severity }) => severity === 'error') &&
    JSON.stringify(entries) === JSON.stringify(wanted)
  if (isMeant) return written
  throw new MagosError('edit', `Cannot edit "${file}": it would say something else afterwards`, {
    place: { file, line: 1, column: 1 },
    remedy: 'Write it as a list with a dash an entry and one key a line',
  })
}
