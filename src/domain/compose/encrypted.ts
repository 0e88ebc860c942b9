import { bytesOf } from '../sops/bytes.ts'
import { sopsFormatOf } from '../sops/recognise.ts'

/** Whether a file holds SOPS ciphertext: https://github.com/getsops/sops, in YAML, JSON, dotenv, INI or binary form. */
export function isEncrypted(text: string): boolean {
  return sopsFormatOf('', bytesOf(text)) !== null
}
