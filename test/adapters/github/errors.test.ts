import { generateKeyPairSync } from 'node:crypto'
import { Octokit } from '@octokit/core'
import { describe, expect, it } from 'vitest'
import { redact, toMagosError } from '../../../src/adapters/github/errors.ts'
import { toPkcs8 } from '../../../src/adapters/github/private-key.ts'
import { MagosError } from '../../../src/domain/error.ts'

const token = 'ghs_1002_eyJhbGciOiJFUzI1NiJ9.eyJpbnMiOjF9.c2lnbmF0dXJl-_'
const context = { action: 'Do it', now: 1_000_000 }

/** What Octokit throws of such an answer. */
async function answered(
  status: number,
  data: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  const answer = (): Promise<Response> =>
    Promise.resolve(
      typeof data === 'object'
        ? Response.json(data, { status, headers })
        : new Response(typeof data === 'string' ? data : null, { status, headers }),
    )
  const octokit = new Octokit({ auth: token, request: { fetch: answer } })
  const sent = octokit.request('POST /repos/{owner}/{repo}/git/blobs', {
    owner: 'o',
    repo: 'r',
    content: 'a payload',
  })
  return await sent.then(
    () => {
      throw new Error('It was no refusal')
    },
    (thrown: unknown) => thrown,
  )
}

describe('toMagosError()', () => {
  it.each([
    [401, {}, 'unauthorized'],
    [403, {}, 'unauthorized'],
    [404, {}, 'not-found'],
    [409, {}, 'github'],
    [422, {}, 'github'],
    [502, {}, 'github'],
    [429, {}, 'rate-limit'],
    [403, { 'retry-after': '1' }, 'rate-limit'],
    [403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '2000' }, 'rate-limit'],
    [403, { 'x-ratelimit-remaining': '12', 'x-ratelimit-reset': '2000' }, 'unauthorized'],
  ])('reads %d with %j as %s', async (status, headers, code) => {
    const error = toMagosError(await answered(status, { message: 'No' }, headers), context)
    expect(error.code).toBe(code)
    expect(error.message).toBe(`Do it: GitHub answered ${status}: No`)
  })

  it.each([
    [{ 'retry-after': '30', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '9999' }, 1_030_000],
    [{ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '2000' }, 2_000_000],
    [{ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1' }, 1_001_000],
    [{ 'retry-after': 'soon' }, 1_060_000],
    [{}, 1_060_000],
  ])('reads from %j when a limit ends', async (headers, retryAt) => {
    expect(toMagosError(await answered(429, {}, headers), context).retryAt).toBe(retryAt)
  })

  it('knows the secondary limit by its words', async () => {
    const data = { message: 'You have exceeded a secondary rate limit. Please wait.' }
    expect(toMagosError(await answered(403, data), context)).toMatchObject({
      code: 'rate-limit',
      retryAt: 1_060_000,
    })
  })

  it('tells the details of a refusal in one line', async () => {
    const data = {
      message: 'Validation Failed',
      errors: [{ message: 'first\n\nsecond' }, 'third', { code: 'x' }],
    }
    expect(toMagosError(await answered(422, data), context).message).toBe(
      'Do it: GitHub answered 422: Validation Failed: first second: third',
    )
  })

  it.each([
    ['HTML', '<html>'],
    ['nothing', undefined],
  ])('survives an answer that is %s', async (_title, data) => {
    expect(toMagosError(await answered(502, data), context).message).toContain('502')
  })

  it('keeps what was refused in our own words', () => {
    const own = new MagosError('network', 'Refused')
    const thrown = new Error('fetch failed', { cause: new TypeError('x', { cause: own }) })
    expect(toMagosError(thrown, context)).toBe(own)
  })

  it('takes what is no failure of a call for a bug', () => {
    expect(toMagosError(new RangeError('oops'), context).code).toBe('internal')
    expect(toMagosError('oops', context).code).toBe('internal')
  })

  it('leaves tokens, keys and payloads behind', async () => {
    const pem = generateKeyPairSync('rsa', {
      modulusLength: 1024,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    }).privateKey
    const error = toMagosError(await answered(422, { message: `bad ${token} and ${pem}` }), context)
    const { cause } = error
    const all = [error.message, error.stack, JSON.stringify(error), JSON.stringify(cause)]
    if (cause instanceof Error) all.push(cause.message, cause.stack ?? '', ...Object.keys(cause))
    const text = all.join('\n')
    expect(text).not.toContain('ghs_')
    expect(text).not.toContain('a payload')
    expect(text).not.toContain(pem.slice(40, 80))
    expect(text).toContain('[token]')
  })
})

describe('redact()', () => {
  it.each([
    [`a ${token} b`, 'a [token] b'],
    ['ghp_abcdef0123456789', '[token]'],
    ['github_pat_11ABC_def', '[token]'],
    ['Bearer eyJhbGciOi.eyJpc3MiOjF9.abc-_', 'Bearer [token]'],
    ['x -----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY----- y', 'x [key] y'],
    ['x -----BEGIN RSA PRIVATE KEY-----\nabc cut off', 'x [key]'],
    ['nothing secret: sha256:0123', 'nothing secret: sha256:0123'],
  ])('redacts %j', (text, expected) => {
    expect(redact(text)).toBe(expected)
  })
})

describe('toPkcs8()', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  const pkcs1 = rsa.export({ type: 'pkcs1', format: 'pem' }).toString()
  const pkcs8 = rsa.export({ type: 'pkcs8', format: 'pem' }).toString()

  it.each([
    ['PKCS#1', pkcs1],
    ['PKCS#8', pkcs8],
    ['one with written line ends', pkcs1.replaceAll('\n', '\\n')],
  ])('reads %s', (_title, pem) => {
    expect(toPkcs8(pem)).toBe(pkcs8)
  })

  it.each([
    ['no PEM', 'hello'],
    ['half a key', pkcs1.slice(0, 400)],
    ['a public key', pkcs1.replaceAll('RSA PRIVATE', 'PUBLIC')],
    [
      'another kind of key',
      generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    ],
    [
      'one with a passphrase',
      rsa
        .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
        .toString(),
    ],
  ])('refuses %s without quoting it', (_title, pem) => {
    let thrown: unknown
    try {
      toPkcs8(pem)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toMatchObject({ code: 'configuration' })
    expect(JSON.stringify(thrown) + String(thrown)).not.toContain(pem.slice(0, 20))
  })
})
