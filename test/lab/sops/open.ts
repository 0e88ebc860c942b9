import { randomBytes } from 'node:crypto'
import { MagosError } from '../../../src/domain/error.ts'
import { formatOf } from '../../../src/domain/sops/format.ts'
import type { SopsFormat } from '../../../src/domain/sops/format-name.ts'
import { decryptSopsFile, readSopsFile } from '../../../src/domain/sops/sops-file.ts'
import type { Fields, Recipe } from './encrypt.ts'
import { encrypt } from './encrypt.ts'
import { writeDotenv, writeIni, writeJson, writeYaml } from './write.ts'

export const dataKey: Uint8Array = randomBytes(32)

export type WrittenFormat = Exclude<SopsFormat, 'binary'>

const writers = { yaml: writeYaml, json: writeJson, dotenv: writeDotenv, ini: writeIni } as const

/** A file of these values. */
export function encryptedFile(
  format: WrittenFormat,
  documents: Fields | readonly Fields[],
  recipe: Partial<Recipe> = {},
): string {
  const all = 'fields' in documents ? [documents] : documents
  return writers[format](encrypt({ documents: all, dataKey, ...recipe }))
}

/** What a file's plaintext is in a format. Throws what opening throws. */
export function openText(
  content: string | Uint8Array,
  format: SopsFormat,
  output: SopsFormat = format,
): string {
  const read = readSopsFile({ file: 'file', format, content: Buffer.from(content) })
  const { tree } = decryptSopsFile(read, dataKey)
  return Buffer.from(formatOf(output).print(tree) ?? []).toString()
}

/** The code and message that a file is refused with, or what it opens to. */
export function outcomeOf(content: string | Uint8Array, format: SopsFormat): string {
  try {
    return openText(content, format, 'json')
  } catch (error) {
    if (error instanceof MagosError) return `${error.code}: ${error.message}`
    throw error
  }
}
