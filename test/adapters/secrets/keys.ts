import { readFileSync } from 'node:fs'
import {
  readKeys,
  type Identities,
  type KeyIdentity,
} from '../../../src/adapters/secrets/identities.ts'

const VECTORS = new URL('../../vectors/sops/', import.meta.url)

/** A file of the vectors made by sops. */
export function vector(path: string): Buffer {
  return readFileSync(new URL(path, VECTORS))
}

export function vectorText(path: string): string {
  return vector(path).toString('utf8')
}

/** The identities of key files, as if they were all that a host has. */
export async function identitiesOf(...files: readonly string[]): Promise<Identities> {
  const read = await Promise.all(files.map((file) => readKeys(vectorText(`keys/${file}`))))
  return identities(read.flatMap(({ found }) => found))
}

export function identities(
  found: readonly KeyIdentity[],
  more: Partial<Identities> = {},
): Identities {
  return { found, places: ['SOPS_AGE_KEY'], passedOver: [], ask: async () => null, ...more }
}
