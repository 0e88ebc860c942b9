import { Webhooks } from '@octokit/webhooks'

/** `sha256=` and 64 hex digits; whatever else stands there was not made by GitHub. */
const SIGNATURE = /^sha256=[0-9a-f]{64}$/

/** Whether the header can be a signature at all; asked before the body is read. */
export function isSignature(header: string): boolean {
  return SIGNATURE.test(header)
}

/** Whether the text was signed with one of the secrets; compared in constant time. */
export type VerifySignature = (
  secrets: readonly string[],
  text: string,
  signature: string,
) => Promise<boolean>

export function createVerifySignature(): VerifySignature {
  // What verifies is made once a secret, not once a delivery; there are two secrets at the most.
  const verifiers = new WeakMap<readonly string[], readonly Webhooks[]>()

  return async (secrets, text, signature) => {
    // Octokit throws on an empty body. GitHub never sends one.
    if (text === '' || !isSignature(signature)) return false
    let webhooks = verifiers.get(secrets)
    if (webhooks === undefined) {
      webhooks = secrets.filter((secret) => secret !== '').map((secret) => new Webhooks({ secret }))
      verifiers.set(secrets, webhooks)
    }
    for (const { verify } of webhooks) if (await verify(text, signature)) return true
    return false
  }
}
