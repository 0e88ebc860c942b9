import { Webhooks } from '@octokit/webhooks'

/** `sha256=` and 64 hex digits; whatever else stands there was not made by GitHub. */
const SIGNATURE = /^sha256=[0-9a-f]{64}$/

/** Whether the header can be a signature at all; asked before the body is read. */
export function isSignature(header: string): boolean {
  return SIGNATURE.test(header)
}

/** Whether the text was signed with one of the secrets; compared in constant time. */
export async function verifySignature(
  secrets: readonly string[],
  text: string,
  signature: string,
): Promise<boolean> {
  // Octokit throws on an empty body. GitHub never sends one.
  if (text === '' || !isSignature(signature)) return false
  for (const secret of secrets) {
    if (secret !== '' && (await new Webhooks({ secret }).verify(text, signature))) return true
  }
  return false
}
