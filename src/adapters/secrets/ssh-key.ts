import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'

/** A private key as OpenSSH keeps it. `publicKey` is its public half in SSH's wire format. */
export type SshKey =
  | { readonly kind: 'ssh-ed25519'; readonly seed: Uint8Array; readonly publicKey: Uint8Array }
  | { readonly kind: 'ssh-rsa'; readonly key: KeyObject; readonly publicKey: Uint8Array }

export type ReadSshKey = { readonly key: SshKey } | { readonly refusal: string }

/**
 * Reads a private key without passphrase, in OpenSSH's own form or the older PEM forms.
 * https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.key
 */
export function parseSshKey(text: string): ReadSshKey {
  const lines = text.trim().split(/\r?\n/)
  const label = /^-----BEGIN (.+)-----$/.exec(lines[0] ?? '')?.[1]
  if (label === undefined || lines.at(-1) !== `-----END ${label}-----`) {
    return { refusal: 'it is no whole PEM block' }
  }
  try {
    return label === 'OPENSSH PRIVATE KEY' ? parseOpenSsh(lines.slice(1, -1)) : parsePem(text)
  } catch {
    // What Node or a short buffer says is about bytes of the key.
    return { refusal: 'it is damaged' }
  }
}

const PASSPHRASE = 'it is protected by a passphrase, and nobody is there to type it'

function parsePem(text: string): ReadSshKey {
  if (/^(?:-----BEGIN ENCRYPTED|Proc-Type: 4,ENCRYPTED)/m.test(text)) return { refusal: PASSPHRASE }
  return ofKeyObject(createPrivateKey(text))
}

function ofKeyObject(key: KeyObject): ReadSshKey {
  const { d = '', x = '' } = key.export({ format: 'jwk' })
  if (key.asymmetricKeyType === 'ed25519') {
    return ed25519Key(Buffer.from(d, 'base64url'), Buffer.from(x, 'base64url'))
  }
  return key.asymmetricKeyType === 'rsa' ? rsaKey(key) : { refusal: unknownKind('its kind') }
}

function parseOpenSsh(body: readonly string[]): ReadSshKey {
  const reader = wireReader(strictBase64(body.join('')))
  reader.expect(Buffer.from('openssh-key-v1\0'))
  const cipher = reader.text()
  const derivation = reader.text()
  reader.string()
  if (cipher !== 'none' || derivation !== 'none') return { refusal: PASSPHRASE }
  if (reader.number() !== 1) return { refusal: 'it holds several keys' }
  const publicKey = reader.string()
  const read = parsePrivate(wireReader(reader.string()))
  reader.end()
  if ('refusal' in read || publicKey.equals(read.key.publicKey)) return read
  return { refusal: 'its halves do not belong together' }
}

/** Two equal numbers, the key by its kind, a comment, and bytes 1, 2, 3… that fill the last block. */
function parsePrivate(reader: WireReader): ReadSshKey {
  if (reader.number() !== reader.number()) return { refusal: 'it is damaged' }
  const kind = reader.text()
  const read = parseByKind(kind, reader)
  if ('refusal' in read) return read
  reader.string()
  const filling = reader.rest()
  const sound = filling.length < 16 && filling.every((byte, index) => byte === index + 1)
  return sound ? read : { refusal: 'it is damaged' }
}

function parseByKind(kind: string, reader: WireReader): ReadSshKey {
  if (kind === 'ssh-ed25519') {
    const half = reader.string()
    const both = reader.string()
    if (both.length !== 64 || !both.subarray(32).equals(half)) return { refusal: 'it is damaged' }
    return ed25519Key(both.subarray(0, 32), half)
  }
  if (kind !== 'ssh-rsa') return { refusal: unknownKind(JSON.stringify(kind)) }
  const [n, e, d, iqmp, p, q] = [1, 2, 3, 4, 5, 6].map(() => reader.integer())
  if (n === undefined || e === undefined || d === undefined) return { refusal: 'it is damaged' }
  if (iqmp === undefined || p === undefined || q === undefined) return { refusal: 'it is damaged' }
  const jwk = { n, e, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: iqmp }
  const texts = Object.entries(jwk).map(([name, value]) => [name, base64url(value)])
  const key = createPrivateKey({ key: { kty: 'RSA', ...Object.fromEntries(texts) }, format: 'jwk' })
  return rsaKey(key)
}

function unknownKind(kind: string): string {
  return `it is a key of ${kind}, and age knows ssh-ed25519 and ssh-rsa alone`
}

/** The public half that comes of the private one, whatever the file says. */
function ed25519Key(seed: Uint8Array, claimed: Uint8Array): ReadSshKey {
  const key = createPrivateKey({
    key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]),
    format: 'der',
    type: 'pkcs8',
  })
  const { x = '' } = createPublicKey(key).export({ format: 'jwk' })
  const half = Buffer.from(x, 'base64url')
  if (!half.equals(claimed)) return { refusal: 'its halves do not belong together' }
  const publicKey = Buffer.concat([wireString('ssh-ed25519'), wireString(half)])
  return { key: { kind: 'ssh-ed25519', seed, publicKey } }
}

function rsaKey(key: KeyObject): ReadSshKey {
  const { n = '', e = '' } = key.export({ format: 'jwk' })
  const publicKey = Buffer.concat([
    wireString('ssh-rsa'),
    wireString(wireInteger(Buffer.from(e, 'base64url'))),
    wireString(wireInteger(Buffer.from(n, 'base64url'))),
  ])
  return { key: { kind: 'ssh-rsa', key, publicKey } }
}

function base64url(value: bigint): string {
  const hex = value.toString(16)
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex').toString('base64url')
}

function strictBase64(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.toString('base64') !== text) throw new RangeError('no base64')
  return bytes
}

function wireString(content: string | Uint8Array): Buffer {
  const bytes = Buffer.from(content)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}

/** A leading zero keeps a number positive. RFC 4251, section 5. */
function wireInteger(bytes: Uint8Array): Uint8Array {
  return (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes
}

interface WireReader {
  number(): number
  string(): Buffer
  text(): string
  integer(): bigint
  expect(bytes: Buffer): void
  rest(): Buffer
  end(): void
}

/** Fields in SSH's wire format, RFC 4251 section 5. Throws `RangeError` for what is too short. */
function wireReader(bytes: Buffer): WireReader {
  let at = 0
  const take = (length: number): Buffer => {
    if (length > bytes.length - at) throw new RangeError('too short')
    at += length
    return bytes.subarray(at - length, at)
  }
  const number = () => take(4).readUInt32BE()
  const string = () => take(number())
  return {
    number,
    string,
    text: () => string().toString('latin1'),
    integer: () => BigInt(`0x0${string().toString('hex')}`),
    expect(expected) {
      if (!take(expected.length).equals(expected)) throw new RangeError('other bytes')
    },
    rest: () => take(bytes.length - at),
    end() {
      if (at !== bytes.length) throw new RangeError('too long')
    },
  }
}
