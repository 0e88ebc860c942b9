import { Option, type Command } from 'commander'
import { sopsFormats } from '../domain/sops/format-name.ts'
import type { Adding } from './adding.ts'
import type { ByteIo } from './io.ts'
import type { Operations } from './operations.ts'
import type { SecretsDecryptOptions } from './secrets-decrypt.ts'

/** Files of SOPS. Only opening them is Magos's business. */
export function addSecretsCommands(
  {
    operations,
    bytes,
  }: {
    readonly operations: Pick<Operations, 'checkSecrets' | 'decryptSecret'>
    readonly bytes: ByteIo
  },
  program: Command,
  choose: Adding['choose'],
): void {
  const secrets = program
    .command('secrets')
    .description('open files of SOPS; to encrypt and edit them is left to sops itself')
  secrets
    .command('decrypt <file>')
    .description('print the plaintext of an encrypted file as sops does; - for stdin')
    .addOption(new Option('--input-type <type>', 'what the file is').choices(sopsFormats))
    .addOption(new Option('--output-type <type>', 'what to print').choices(sopsFormats))
    .option('--json', 'tell a refusal as a JSON document')
    .allowExcessArguments(false)
    .action((file: string, options: SecretsDecryptOptions) =>
      choose(async () => {
        const { secretsDecryptCommand } = await import('./secrets-decrypt.ts')
        return secretsDecryptCommand(bytes, operations, file, options)
      }),
    )
  secrets
    .command('check')
    .description('try every encrypted file of the repository, and name those that do not open here')
    .option('--json', 'print one JSON document')
    .allowExcessArguments(false)
    .action(() =>
      choose(async (io) => {
        const { printSecretsCheck } = await import('./secrets-check.ts')
        return printSecretsCheck(io, await operations.checkSecrets())
      }),
    )
}
