import { MagosError, type ErrorCode, type Place } from '../error.ts'

/** Why a file of SOPS does not open: https://github.com/getsops/sops names its exit codes after the same steps. */
export type SopsRefusal = Extract<
  ErrorCode,
  | 'bad-metadata'
  | 'unsupported-recipient'
  | 'no-identity'
  | 'unencrypted-value'
  | 'corrupt-value'
  | 'mac-missing'
  | 'mac-mismatch'
>

const remedies: Readonly<Record<SopsRefusal, string>> = {
  'bad-metadata': 'Restore the file from git, or encrypt it anew with sops',
  'unsupported-recipient': 'Add an age recipient with sops, or configure the sops binary',
  'no-identity': 'Give this host an identity that the file is encrypted to',
  'unencrypted-value': 'Encrypt the value with "sops edit", or restore the file from git',
  'corrupt-value': 'Restore the file from git: somebody changed it without its key',
  'mac-missing': 'Restore the file from git, or save it with "sops edit"',
  'mac-mismatch':
    'Restore the file from git, or save it with "sops edit" once its values are right',
}

export function refusal(
  code: SopsRefusal,
  message: string,
  place: Place,
  cause?: unknown,
): MagosError {
  return new MagosError(code, message, {
    place,
    remedy: remedies[code],
    ...(cause === undefined ? {} : { cause }),
  })
}
