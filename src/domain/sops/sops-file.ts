import { decryptTree, type Decrypted } from './decrypt.ts'
import { formatOf } from './format.ts'
import type { SopsFormat } from './format-name.ts'
import { splitMetadata } from './metadata-node.ts'
import { readMetadata, type SopsMetadata } from './metadata.ts'
import type { SopsTree } from './tree.ts'

/** An encrypted file as it was read; `metadata.keys` tells who can open it. */
export interface SopsFile {
  /** Its path, for messages. */
  readonly file: string
  readonly format: SopsFormat
  readonly tree: SopsTree
  readonly metadata: SopsMetadata
}

/** Reads an encrypted file without any key. Throws `bad-metadata`. */
export function readSopsFile({
  file,
  format,
  content,
}: {
  readonly file: string
  readonly format: SopsFormat
  readonly content: Uint8Array
}): SopsFile {
  const place = { file }
  const known = formatOf(format)
  const { tree, metadata } = splitMetadata(known.read(content, place), known.metadata, place)
  return { file, format, tree, metadata: readMetadata(metadata, place) }
}

/** Opens a file by its data key, the whole of it or nothing: see `decryptTree` for what it throws. */
export function decryptSopsFile(
  { file, tree, metadata }: SopsFile,
  dataKey: Uint8Array,
): Decrypted {
  return decryptTree(tree, metadata, dataKey, { file })
}
