import type { Place } from '../error.ts'
import { textOf } from './bytes.ts'
import { printDotenv, readDotenv } from './dotenv.ts'
import type { SopsFormat } from './format-name.ts'
import { printIni } from './ini-printer.ts'
import { readIni } from './ini-reader.ts'
import { printJson } from './json-printer.ts'
import { readJson } from './json-reader.ts'
import type { MetadataShape } from './metadata-node.ts'
import type { SopsTree } from './tree.ts'
import { printYaml } from './yaml-printer.ts'
import { readYaml } from './yaml-reader.ts'

interface Format {
  /** Throws `bad-metadata` for what is not of this format. */
  read(content: Uint8Array, place: Place): SopsTree
  /** Null for a tree that this format cannot hold. */
  print(tree: SopsTree): Uint8Array | null
  readonly metadata: MetadataShape
}

const formats: Readonly<Record<SopsFormat, Format>> = {
  yaml: { read: readYaml, print: printYaml, metadata: 'nested' },
  json: { read: readJson, print: printJson, metadata: 'nested' },
  dotenv: { read: readDotenv, print: printDotenv, metadata: 'prefixed' },
  ini: { read: readIni, print: printIni, metadata: 'section' },
  // any bytes at all, below the key "data" of a JSON object
  binary: { read: readJson, print: printBinary, metadata: 'nested' },
}

export function formatOf(format: SopsFormat): Format {
  return formats[format]
}

function printBinary({ documents }: SopsTree): Uint8Array | null {
  const [document, second] = documents
  if (document === undefined || second !== undefined) return null
  for (const entry of document.entries) {
    if (entry.kind === 'comment' || textOf(entry.key) !== 'data') continue
    return entry.value.kind === 'text' ? entry.value.bytes : null
  }
  return null
}
