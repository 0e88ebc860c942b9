import { Buffer } from 'node:buffer'
import { MagosError } from '../error.ts'
import { octetsOf, textOf } from './bytes.ts'
import { formatOf } from './format.ts'
import { formatOfName, type SopsFormat } from './format-name.ts'
import { splitMetadata, type MetadataNode, type Split } from './metadata-node.ts'
import { ruleNames } from './rule.ts'

/**
 * What format of SOPS a file holds, by its content first and by its name where that leaves a choice; null for a file
 * that is not encrypted. A file with ciphertext but without metadata has a format too: it does not open, and must not
 * pass for a plain one.
 */
export function sopsFormatOf(path: string, content: Uint8Array): SopsFormat | null {
  // one pass over most files, and no parser
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength)
  const isCiphertext = bytes.includes('ENC[AES256_GCM,data:')
  if (!isCiphertext && !(bytes.includes('sops') && ownNames.some((name) => bytes.includes(name)))) {
    return null
  }
  const format = formatOfShape(octetsOf(content)) ?? formatOfName(path)
  const split = trySplit(path, format, content)
  if (split === null || !ownNames.some((name) => split.metadata.has(name))) {
    return isCiphertext ? format : null
  }
  return format === 'json' && isBinary(path, split) ? 'binary' : format
}

/** What SOPS's node never lacks all of. */
const ownNames = ['lastmodified', 'mac', 'age', 'pgp', 'kms', 'key_groups'] as const

function formatOfShape(octets: string): SopsFormat | null {
  if (/^\s*\{/.test(octets)) return 'json'
  if (/^sops_[a-z_0-9]+=/m.test(octets)) return 'dotenv'
  if (/^\[sops\]/m.test(octets)) return 'ini'
  return /^["']?sops["']?[ \t]*:/m.test(octets) ? 'yaml' : null
}

function trySplit(path: string, format: SopsFormat, content: Uint8Array): Split | null {
  const place = { file: path }
  const known = formatOf(format)
  try {
    return splitMetadata(known.read(content, place), known.metadata, place)
  } catch (error) {
    if (error instanceof MagosError) return null
    throw error
  }
}

/** A JSON object with the one key of a binary file, and no rule, which sops gives to every other file. */
function isBinary(path: string, { tree, metadata }: Split): boolean {
  if (path.endsWith('.json') || hasRule(metadata)) return false
  const [entry, second] = tree.documents[0]?.entries ?? []
  if (entry?.kind !== 'entry' || second !== undefined) return false
  return textOf(entry.key) === 'data' && entry.value.kind === 'text'
}

function hasRule(metadata: ReadonlyMap<string, MetadataNode>): boolean {
  return ruleNames.some((name) => metadata.has(name))
}
