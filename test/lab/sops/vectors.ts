import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SopsFormat } from '../../../src/domain/sops/format-name.ts'

/** One file of `test/vectors/sops`; its README says what the fields mean. */
export interface VectorCase {
  readonly id: string
  readonly file: string
  readonly format: SopsFormat
  readonly identities: readonly string[]
  readonly note: string
  readonly expected?: string
  readonly data?: string
  readonly dataDocuments?: readonly string[]
  readonly error?: string
}

const root = join(import.meta.dirname, '../../vectors/sops')

export function readVector(path: string): Buffer {
  return readFileSync(join(root, path))
}

export function readCases(): readonly VectorCase[] {
  const cases: readonly VectorCase[] = JSON.parse(readVector('cases.json').toString())
  return cases
}

export function vectorPath(path: string): string {
  return join(root, path)
}
