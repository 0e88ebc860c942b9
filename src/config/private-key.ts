import { createPrivateKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

import type { Parsed } from './problem.ts'
import { Secret } from './secret.ts'

/** Whether a value is a PEM itself rather than the path of one. */
export function looksLikePem(text: string): boolean {
  return text.includes('-----BEGIN')
}

/** Reads an RSA private key, also one whose line breaks were written as `\n`. Nothing of it is ever in a refusal. */
export function parsePrivateKey(text: string): Parsed<Secret> {
  const pem = `${text.replaceAll('\\n', '\n').replaceAll('\r\n', '\n').trim()}\n`
  if (!looksLikePem(pem))
    return { refusal: 'private key: expected PEM, which begins with -----BEGIN' }
  if (/ENCRYPTED/.test(pem)) return { refusal: 'private key: expected one without a passphrase' }
  const key = readKey(pem)
  if (key === null) {
    return { refusal: 'private key: expected a whole PEM private key as GitHub hands it out' }
  }
  if (key.asymmetricKeyType !== 'rsa') {
    return {
      refusal: `private key: expected RSA, as GitHub Apps have, current type is ${String(key.asymmetricKeyType)}`,
    }
  }
  return { value: new Secret(pem) }
}

function readKey(pem: string): KeyObject | null {
  try {
    return createPrivateKey(pem)
  } catch {
    // the library's words add nothing that a person could act on
    return null
  }
}
