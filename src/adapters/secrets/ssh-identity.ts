import {
  constants,
  createDecipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  privateDecrypt,
  type KeyObject,
} from 'node:crypto'
import type { Identity, Stanza } from 'age-encryption'
import type { SshKey } from './ssh-key.ts'

/**
 * What a key of OpenSSH opens: what is encrypted to the key itself, and for Ed25519 also what is encrypted to the age
 * recipient that ssh-to-age makes of it, as SOPS does. https://github.com/C2SP/C2SP/blob/main/age.md,
 * https://github.com/FiloSottile/age/blob/main/agessh/agessh.go
 */
export function sshIdentities(key: SshKey): readonly Identity[] {
  if (key.kind === 'ssh-rsa') return [rsaIdentity(key)]
  const scalar = createHash('sha512').update(key.seed).digest().subarray(0, 32)
  return [ed25519Identity(scalar, key.publicKey), x25519Identity(scalar)]
}

const ED25519 = 'age-encryption.org/v1/ssh-ed25519'
const RSA = 'age-encryption.org/v1/ssh-rsa'
const X25519 = 'age-encryption.org/v1/X25519'

function rsaIdentity({ key, publicKey }: Extract<SshKey, { kind: 'ssh-rsa' }>): Identity {
  return firstOf('ssh-rsa', 2, ({ args, body }) => {
    if (args[1] !== tagOf(publicKey)) return null
    const fileKey = privateDecrypt(
      {
        key,
        padding: constants.RSA_PKCS1_OAEP_PADDING,
        oaepHash: 'sha256',
        oaepLabel: Buffer.from(RSA),
      },
      body,
    )
    return fileKey.length === 16 ? fileKey : null
  })
}

function ed25519Identity(scalar: Uint8Array, publicKey: Uint8Array): Identity {
  const secret = x25519Key(scalar)
  const tweak = x25519Key(new Uint8Array(hkdfSync('sha256', '', publicKey, ED25519, 32)))
  const own = publicBytes(secret)
  return firstOf('ssh-ed25519', 3, ({ args, body }) => {
    const share = strictBase64(args[2] ?? '', 32)
    if (args[1] !== tagOf(publicKey) || share === null) return null
    const first = diffieHellman({ privateKey: secret, publicKey: x25519Public(share) })
    const shared = diffieHellman({ privateKey: tweak, publicKey: x25519Public(first) })
    return unwrap(body, { shared, salt: Buffer.concat([share, own]), info: ED25519 })
  })
}

function x25519Identity(scalar: Uint8Array): Identity {
  const secret = x25519Key(scalar)
  const own = publicBytes(secret)
  return firstOf('X25519', 2, ({ args, body }) => {
    const share = strictBase64(args[1] ?? '', 32)
    if (share === null) return null
    const shared = diffieHellman({ privateKey: secret, publicKey: x25519Public(share) })
    return unwrap(body, { shared, salt: Buffer.concat([share, own]), info: X25519 })
  })
}

/** The first file key that a stanza of the kind gives; one that cannot be opened is somebody else's. */
function firstOf(
  kind: string,
  length: number,
  open: (stanza: Stanza) => Uint8Array | null,
): Identity {
  return {
    unwrapFileKey(stanzas) {
      for (const stanza of stanzas) {
        if (stanza.args[0] !== kind || stanza.args.length !== length) continue
        const fileKey = orNull(() => open(stanza))
        if (fileKey !== null) return fileKey
      }
      return null
    },
  }
}

/** OpenSSL throws for what does not authenticate, and for points that give nothing away. */
function orNull(open: () => Uint8Array | null): Uint8Array | null {
  try {
    return open()
  } catch {
    return null
  }
}

interface Wrapping {
  readonly shared: Uint8Array
  readonly salt: Uint8Array
  readonly info: string
}

/** ChaCha20-Poly1305 under a key that is used once, so its nonce is zero. */
function unwrap(body: Uint8Array, { shared, salt, info }: Wrapping): Uint8Array | null {
  if (body.length !== 32) return null
  const key = new Uint8Array(hkdfSync('sha256', shared, salt, info, 32))
  const cipher = createDecipheriv('chacha20-poly1305', key, new Uint8Array(12), {
    authTagLength: 16,
  })
  cipher.setAuthTag(body.subarray(16))
  return Buffer.concat([cipher.update(body.subarray(0, 16)), cipher.final()])
}

/** By these four bytes a stanza says whose it is. */
function tagOf(publicKey: Uint8Array): string {
  return unpadded(createHash('sha256').update(publicKey).digest().subarray(0, 4))
}

function strictBase64(text: string, length: number): Buffer | null {
  const bytes = Buffer.from(text, 'base64')
  return bytes.length === length && unpadded(bytes) === text ? bytes : null
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}

// RFC 8410: the bytes before the key in its DER form.
const PKCS8 = Buffer.from('302e020100300506032b656e04220420', 'hex')
const SPKI = Buffer.from('302a300506032b656e032100', 'hex')

function x25519Key(scalar: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8, scalar]), format: 'der', type: 'pkcs8' })
}

function x25519Public(point: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([SPKI, point]), format: 'der', type: 'spki' })
}

function publicBytes(secret: KeyObject): Buffer {
  return createPublicKey(secret).export({ format: 'der', type: 'spki' }).subarray(SPKI.length)
}
