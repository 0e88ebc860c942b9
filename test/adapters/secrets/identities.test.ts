import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  armor,
  Encrypter,
  generateHybridIdentity,
  generateX25519Identity,
  identityToRecipient,
} from 'age-encryption'
import { describe, expect, test } from 'vitest'
import { readKeys } from '../../../src/adapters/secrets/identities.ts'
import { programPath } from '../../lab/engine/install.ts'
import { vectorText } from './keys.ts'

const secret = 'AGE-SECRET-KEY-1'

describe('readKeys()', () => {
  test('readKeys() reads comments, blank lines, CRLF and several keys', async () => {
    const { found, refusals } = await readKeys(
      vectorText('keys/bundle.txt').replaceAll('\n', '\r\n'),
    )
    expect(found).toHaveLength(
      vectorText('keys/bundle.txt').match(/^AGE-SECRET-KEY/gm)?.length ?? 0,
    )
    expect(refusals).toEqual([])
  })

  test('readKeys() reads keys that stand on one line, as SOPS_AGE_KEY may have them', async () => {
    const keys = [await generateX25519Identity(), await generateHybridIdentity()]
    expect((await readKeys(keys.join(' '))).found).toHaveLength(2)
  })

  test.each([
    [
      'a plugin',
      `${secret}X\nAGE-PLUGIN-YUBIKEY-1ABC`,
      ['line 1 is a damaged', 'line 2 needs a plugin'],
    ],
    ['something else', '# a\npassword1', ['line 2 is no age identity']],
    [
      'a recipient',
      'age1dvvpn5z0xuqrza8ghs9znydnkpv3uru5gxzcm7lwaammrhrlqynq5nupv6',
      ['line 1 is no'],
    ],
    ['a file under a passphrase', 'age-encryption.org/v1\n-> scrypt', ['passphrase']],
    ['an armoured one', '-----BEGIN AGE ENCRYPTED FILE-----\n', ['passphrase']],
    ['half an ssh key', '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA', ['no whole PEM']],
  ])(
    'readKeys() tells what it cannot use, and shows nothing: %s',
    async (_title, text, reasons) => {
      const { found, refusals } = await readKeys(text)
      expect(found).toEqual([])
      expect(refusals).toEqual(reasons.map((reason) => expect.stringContaining(reason)))
      expect(refusals.join()).not.toMatch(/SECRET-KEY|password1|YUBIKEY/)
    },
  )

  test('readKeys() uses the good keys beside a bad one', async () => {
    const { found, refusals } = await readKeys(`${await generateX25519Identity()}\nnonsense\n`)
    expect([found.length, refusals.length]).toEqual([1, 1])
  })

  test('readKeys() opens what is encrypted to its key, and nothing else', async () => {
    for (const make of [generateX25519Identity, generateHybridIdentity]) {
      const key = await make()
      const file = await encrypted(await identityToRecipient(key), 'planted')
      const [ours] = (await readKeys(key)).found
      const [theirs] = (await readKeys(await make())).found
      expect(Buffer.from((await ours?.open(file)) ?? []).toString()).toBe('planted')
      expect(await theirs?.open(file)).toBeNull()
    }
  })

  test('readKeys() opens by an Ed25519 key of ssh what is encrypted to the recipient that ssh-to-age makes of it', async () => {
    const text = vectorText('keys/ssh_ed25519')
    const { found } = await readKeys(text)
    const file = await encrypted(await recipientOf(text), 'planted')
    const opened = await Promise.all(found.map((one) => one.open(file)))
    expect(opened.map((one) => one && Buffer.from(one).toString())).toEqual([null, 'planted'])
  })

  test('readKeys() opens nothing whose bytes somebody changed', async () => {
    const { found } = await readKeys(vectorText('keys/main.txt'))
    const recipient = /age1\w+/.exec(vectorText('keys/main.txt'))?.[0] ?? ''
    const file = await encrypted(recipient, 'planted')
    for (let at = 0; at < file.length; at++) {
      const other = Uint8Array.from(file)
      other[at] = (other[at] ?? 0) ^ 1
      expect(await found[0]?.open(other)).toBeNull()
    }
  })
})

describe('readKeys() beside the program of age', () => {
  const age = programPath('age')

  test.for(['ssh_ed25519.pub', 'ssh_rsa.pub', 'main.txt'])(
    'readKeys() opens what age encrypts to %s',
    async (name, { skip }) => {
      if (age === null) return skip('age is not installed')
      const text = vectorText(`keys/${name}`)
      const recipient = /age1\w+/.exec(text)?.[0] ?? text.trim()
      const file = execFileSync(age, ['-r', recipient], { input: 'planted' })
      const { found } = await readKeys(vectorText(`keys/${name.replace('.pub', '')}`))
      const opened = await Promise.all(found.map((one) => one.open(file)))
      expect(opened.flatMap((one) => (one === null ? [] : [Buffer.from(one).toString()]))).toEqual([
        'planted',
      ])
      const flipped = Buffer.from(file)
      flipped[flipped.indexOf('\n->') + 30] = (flipped[flipped.indexOf('\n->') + 30] ?? 0) ^ 1
      expect(await Promise.all(found.map((one) => one.open(flipped)))).toEqual(
        found.map(() => null),
      )
    },
  )
})

async function encrypted(recipient: string, text: string): Promise<Uint8Array> {
  const encrypter = new Encrypter()
  encrypter.addRecipient(recipient)
  const file = await encrypter.encrypt(text)
  return armor.decode(armor.encode(file))
}

/** By another way than the code's: the private half as age writes it, read by the library. */
async function recipientOf(sshKey: string): Promise<string> {
  const body = Buffer.from(sshKey.split('\n').slice(1, -2).join(''), 'base64')
  const name = Buffer.from('ssh-ed25519')
  const at = body.lastIndexOf(name) + name.length + 4 + 32 + 4
  const scalar = createHash('sha512')
    .update(body.subarray(at, at + 32))
    .digest()
    .subarray(0, 32)
  const der = Buffer.concat([Buffer.from('302e020100300506032b656e04220420', 'hex'), scalar])
  const key = await crypto.subtle.importKey('pkcs8', der, 'X25519', false, ['deriveBits'])
  return await identityToRecipient(key)
}
