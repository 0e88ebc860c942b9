import { createPrivateKey } from 'node:crypto'
import { MagosError } from '../../domain/error.ts'

/** The App's key in the form that every signer reads. Throws `configuration`, without a byte of the key in it. */
export function toPkcs8(pem: string): string {
  // In an environment file the line ends are often written as `\n`.
  const text = pem.includes('\n') ? pem : pem.replaceAll('\\n', '\n')
  try {
    const key = createPrivateKey(text)
    if (key.asymmetricKeyType === 'rsa')
      return key.export({ type: 'pkcs8', format: 'pem' }).toString()
  } catch {
    // What OpenSSL says about it helps nobody, and may quote it.
  }
  throw new MagosError(
    'configuration',
    'Read the private key of the GitHub App: it is no RSA key in PEM without a passphrase',
    { remedy: 'Generate a private key on the GitHub App’s page and name that file' },
  )
}
