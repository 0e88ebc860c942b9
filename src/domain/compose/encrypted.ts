import { isMap } from 'yaml'

import { mappings } from './mapping.ts'
import { parseYamlFile } from './yaml-file.ts'

/** Whether a file holds SOPS ciphertext: https://github.com/getsops/sops, in YAML, JSON, dotenv, INI or binary form. */
export function isEncrypted(text: string): boolean {
  if (/ENC\[AES256_GCM,data:/.test(text)) return true
  if (/^(?:sops_mac|sops_age__list_0__map_enc)\s*=/m.test(text)) return true
  if (!/(?:^|[{,\s])["']?sops["']?\s*:/.test(text)) return false
  return parseYamlFile('', text).documents.some((document) => {
    const { root } = document
    const read = mappings(document)
    const sops = isMap(root) ? read.get(root, 'sops')?.node : null
    return isMap(sops) && ['mac', 'age'].some((key) => read.get(sops, key) !== null)
  })
}
