import { armor, Decrypter } from 'age-encryption'
import type { KeyGroups } from '../../../src/domain/sops/metadata.ts'

/** A file's data key by age's own library, for tests of what comes after it; null where no identity opens it. */
export async function openByAge(
  { groups }: KeyGroups,
  identities: readonly string[],
): Promise<Uint8Array | null> {
  for (const recipient of groups.flat()) {
    if (recipient.kind !== 'age') continue
    for (const identity of identities) {
      const decrypter = new Decrypter()
      decrypter.addIdentity(identity)
      const key = await decrypter.decrypt(armor.decode(recipient.enc)).catch(() => null)
      if (key !== null) return key
    }
  }
  return null
}
