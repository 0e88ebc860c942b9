import { refuse, topOf, type Inventory } from './inventory.ts'
import type { Reason } from './location.ts'
import { parseYamlFile, type YamlFile } from './yaml-file.ts'

/** The compose files that were read so far. */
export interface FileReading {
  readonly inventory: Inventory
  /** An encrypted file in the clear; null where the caller has not decrypted it. */
  readonly open: (path: string) => string | null
  readonly parsed: Map<string, YamlFile>
}

/** Parses a file once, an encrypted one in the clear; null where nobody has its text yet. Its faults are refused. */
export function readComposeFile(
  { inventory, open, parsed }: FileReading,
  path: string,
): YamlFile | null {
  const known = parsed.get(path)
  if (known !== undefined) return known
  const { tree, sealed } = inventory
  const text = sealed.has(path) ? open(path) : tree.read(path)
  if (text === null) return null
  const yaml = parseYamlFile(path, text)
  parsed.set(path, yaml)
  for (const { file, line, column, message, remedy = 'Correct it' } of yaml.problems) {
    const why = { reason: message, remedy }
    refuse(inventory, { ...ownFile, value: path }, { file, line, column }, why)
  }
  const repeated = yaml.documents.reduce((sum, document) => sum + document.repeated, 0)
  if (repeated > maxRepeated) {
    refuse(inventory, { ...ownFile, value: path }, topOf(path), explosive)
  }
  return yaml
}

/** Compose expands every alias, at some 15,000 nodes a second. Nobody who means well repeats so many. */
const maxRepeated = 100_000

const explosive: Reason = {
  reason: `its aliases repeat more than ${maxRepeated} values`,
  remedy: 'Let fewer aliases stand for one another',
}

/** What a compose file is needed for. */
export const ownFile = { what: 'compose file', role: 'include', need: 'required' } as const
