import { formatOfExtension, type SopsFormat } from '../domain/sops/format-name.ts'
import { sopsFormatOf } from '../domain/sops/recognise.ts'
import type { SealedFile } from '../ports.ts'
import type { ByteIo, ExitCode } from './io.ts'

export interface SecretsDecryptOptions {
  readonly inputType?: SopsFormat
  readonly outputType?: SopsFormat
}

interface Decrypting {
  /** The plaintext; throws why there is none. */
  readonly decryptSecret: (file: SealedFile) => Promise<Uint8Array>
}

/**
 * Prints a file's plaintext and nothing else. Types are those of its name as for sops; a name that says nothing leaves
 * them to the content. Throws with the file's place why it does not open.
 */
export async function secretsDecryptCommand(
  bytes: ByteIo,
  { decryptSecret }: Decrypting,
  path: string,
  { inputType, outputType }: SecretsDecryptOptions,
): Promise<ExitCode> {
  const content = await bytes.read(path)
  const named = formatOfExtension(path)
  const format = inputType ?? named ?? sopsFormatOf(path, content) ?? 'binary'
  const printAs = outputType ?? named ?? format
  bytes.write(await decryptSecret({ path, content, format, printAs }))
  return 0
}
