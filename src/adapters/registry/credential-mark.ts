import { hash } from 'node:crypto'
import type { Credential } from '../../ports.ts'

/** What tells one credential from another, made once for each; hashed, so that no secret lies about as a key. */
export function createCredentialMarks(): (credential: Credential) => string {
  const marks = new WeakMap<Credential, string>()
  return (credential) => {
    const known = marks.get(credential)
    if (known !== undefined) return known
    const { username, password } = credential
    const mark = hash('sha256', JSON.stringify([username, password]))
    marks.set(credential, mark)
    return mark
  }
}
