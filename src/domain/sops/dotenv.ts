import type { Place } from '../error.ts'
import { bytesOfOctets, octetsOf } from './bytes.ts'
import { refusal } from './refusal.ts'
import { plainText } from './plain-text.ts'
import type { Comment, Entry, SopsTree } from './tree.ts'

/**
 * Reads dotenv as sops does: a line each, cut at the first `=`, nothing trimmed or unquoted, every `\n` a line break.
 * Throws `bad-metadata` for a line without `=`.
 */
export function readDotenv(content: Uint8Array, place: Place): SopsTree {
  const entries: (Entry | Comment)[] = []
  for (const [index, line] of octetsOf(content).split('\n').entries()) {
    if (line === '') continue
    if (line.startsWith('#')) {
      entries.push({ kind: 'comment', text: bytesOfOctets(line.slice(1)), stands: 'alone' })
      continue
    }
    const equals = line.indexOf('=')
    if (equals === -1) {
      const at = { file: place.file, line: index + 1 }
      throw refusal('bad-metadata', 'Cannot read dotenv: a line has no "="', at)
    }
    entries.push({
      kind: 'entry',
      key: bytesOfOctets(line.slice(0, equals)),
      value: {
        kind: 'text',
        bytes: bytesOfOctets(line.slice(equals + 1).replaceAll(String.raw`\n`, '\n')),
      },
      line: index + 1,
    })
  }
  return { documents: [{ kind: 'map', entries }] }
}

/** Prints every document's values one below the other; null where a value is a list or a mapping. */
export function printDotenv(tree: SopsTree): Uint8Array | null {
  const lines: string[] = []
  for (const entry of tree.documents.flatMap(({ entries }) => entries)) {
    if (entry.kind === 'comment') {
      lines.push(`#${octetsOf(entry.text)}\n`)
      continue
    }
    const value = plainText(entry.value)
    if (value === null) return null
    // sops escapes the breaks of texts; nothing else has any
    const escaped = octetsOf(value).replaceAll('\n', String.raw`\n`)
    lines.push(`${octetsOf(entry.key)}=${escaped}\n`)
  }
  return bytesOfOctets(lines.join(''))
}
