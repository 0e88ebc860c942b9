import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { parseSshKey } from '../../../src/adapters/secrets/ssh-key.ts'
import { vectorText } from './keys.ts'

const ed25519 = vectorText('keys/ssh_ed25519')
const ed25519Comment = vectorText('keys/ssh_ed25519.pub').trim().split(' ').slice(2).join(' ')

describe('parseSshKey()', () => {
  test.each(['ssh_ed25519', 'ssh_rsa'])('parseSshKey() reads %s and its public half', (name) => {
    const read = parseSshKey(vectorText(`keys/${name}`))
    if ('refusal' in read) throw new Error(read.refusal)
    const { kind, publicKey } = read.key
    const shown = `${kind} ${Buffer.from(publicKey).toString('base64')}`
    expect(vectorText(`keys/${name}.pub`).startsWith(`${shown} `)).toBe(true)
  })

  test('parseSshKey() reads CRLF, and blanks around it', () => {
    const read = parseSshKey(`\r\n${ed25519.replaceAll('\n', '\r\n')}\n`)
    expect('key' in read).toBe(true)
  })

  test.each([
    ['rsa', 'pkcs1'],
    ['rsa', 'pkcs8'],
    ['ed25519', 'pkcs8'],
  ] as const)('parseSshKey() reads %s as %s', (type, form) => {
    const read = parseSshKey(pem(type, form))
    expect('key' in read && read.key.kind).toBe(`ssh-${type}`)
  })

  test.each([
    ['a passphrase in PKCS#8', pem('rsa', 'pkcs8', 'secret'), 'passphrase'],
    ['a passphrase in PKCS#1', pem('rsa', 'pkcs1', 'secret'), 'passphrase'],
    ['a passphrase in OpenSSH’s form', changed(ed25519, 15, 'xone'), 'damaged'],
    ['another kind in OpenSSH’s form', pem('ec', 'pkcs8'), 'ssh-ed25519 and ssh-rsa alone'],
    ['an end that is missing', ed25519.replace(/-----END.*/, ''), 'no whole PEM block'],
    ['no PEM', 'hello', 'no whole PEM block'],
    ['no base64', ed25519.replace(/\n(\w)/, '\n*$1'), 'damaged'],
    [
      'half of it',
      ed25519
        .split('\n')
        .filter((_, index) => index !== 3)
        .join('\n'),
      'damaged',
    ],
  ])('parseSshKey() refuses %s, and repeats no word of it', (_title, text, reason) => {
    const read = parseSshKey(text)
    expect(read).toEqual({ refusal: expect.stringContaining(reason) })
    const lines = text.split('\n').filter((line) => line.length > 20 && !line.startsWith('-----'))
    expect(lines.filter((line) => JSON.stringify(read).includes(line))).toEqual([])
  })

  test('parseSshKey() opens nothing but the key itself: any byte of it counts', () => {
    const bytes = Buffer.from(ed25519.split('\n').slice(1, -2).join(''), 'base64')
    const read = [...bytes.keys()].filter((at) => {
      const other = Buffer.from(bytes)
      other[at] = (other[at] ?? 0) ^ 1
      return 'key' in parseSshKey(openSsh(other))
    })
    // The comment alone is a text for people; it stands before at most seven bytes of filling.
    const comment = bytes.lastIndexOf(Buffer.from(ed25519Comment))
    expect(read).toEqual([...Buffer.from(ed25519Comment).keys()].map((index) => comment + index))
  })
})

function pem(type: 'rsa' | 'ed25519' | 'ec', form: 'pkcs1' | 'pkcs8', passphrase?: string): string {
  const { privateKey } =
    type === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : type === 'ec'
        ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
        : generateKeyPairSync('ed25519')
  const locked = passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase }
  return privateKey.export({ format: 'pem', type: form, ...locked }).toString()
}

/** The text with bytes of its body replaced. */
function changed(text: string, at: number, by: string): string {
  const body = Buffer.from(text.split('\n').slice(1, -2).join(''), 'base64')
  body.write(by, at, 'latin1')
  return openSsh(body)
}

function openSsh(body: Buffer): string {
  const label = 'OPENSSH PRIVATE KEY'
  return `-----BEGIN ${label}-----\n${body.toString('base64')}\n-----END ${label}-----\n`
}
