import { generateKeyPairSync } from 'node:crypto'

import { describe, expect, test } from 'vitest'

import { createLog } from '../../../src/adapters/log/log.ts'
import type { LogOptions } from '../../../src/adapters/log/log.ts'
import { Secret } from '../../../src/config/secret.ts'
import { MagosError } from '../../../src/domain/error.ts'

// an Ed25519 key made for this test alone
const PEM_OF_NOBODY = [
  '-----BEGIN PRIVATE KEY-----',
  'MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g',
  '-----END PRIVATE KEY-----',
].join('\n')

const FORMATS = ['pretty', 'journal', 'json'] as const

describe('createLog()', () => {
  test('createLog() writes one JSON object a line with level, message and ids', () => {
    const { log, lines } = logged({ format: 'json' })

    log.child({ delivery: 'd-1' }).info({ stack: 'web', image: 'ghcr.io/o/app' }, 'Deployed')

    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/^\{"time":"\d{4}-\d\d-\d\dT[\d:.]+Z","level":"info",.*\}\n$/)
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      message: 'Deployed',
      delivery: 'd-1',
      stack: 'web',
      image: 'ghcr.io/o/app',
    })
  })

  test('createLog() prefixes journal lines with the syslog priority of their level', () => {
    const { log, lines } = logged({ format: 'journal', level: 'debug' })

    log.debug({}, 'd')
    log.info({}, 'i')
    log.warn({}, 'w')
    log.error({ stack: 'web' }, 'e')

    expect(lines).toEqual(['<7>d\n', '<6>i\n', '<4>w\n', '<3>e stack=web\n'])
  })

  test('createLog() writes time, level, message and ids on one line for a terminal', () => {
    const { log, lines } = logged({ format: 'pretty', colours: 'none' })

    log.warn({ stack: 'web', reason: 'not yet healthy', nested: { attempt: 2 } }, 'Waits')

    expect(lines.join('')).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} warn {2}Waits stack=web reason="not yet healthy" nested\.attempt=2\n$/,
    )
  })

  test('createLog() colours a terminal unless told not to', () => {
    const coloured = logged({ format: 'pretty' })
    const plain = logged({ format: 'pretty', colours: 'none' })

    coloured.log.info({}, 'x')
    plain.log.info({}, 'x')

    expect(coloured.text()).toContain('\u001B[')
    expect(plain.text()).not.toContain('\u001B[')
  })

  test('createLog() leaves out what is below its level, child loggers included', () => {
    const { log, lines } = logged({ format: 'json', level: 'warn' })

    log.debug({}, 'no')
    log.child({ stack: 'web' }).info({}, 'no')
    log.child({ stack: 'web' }).warn({}, 'yes')

    expect(lines).toHaveLength(1)
  })

  test('createLog() tells an error with code, message, place, remedy and its causes', () => {
    const { log, lines } = logged({ format: 'json' })
    const root = Object.assign(new Error('connect refused'), { code: 'ECONNREFUSED' })
    const error = new MagosError('registry', 'Cannot list the tags of "ghcr.io/o/app"', {
      place: { file: 'web/compose.yaml', line: 3, column: 12 },
      remedy: 'check the network',
      cause: new MagosError('network', 'Cannot reach "ghcr.io"', { cause: root }),
    })

    log.error({ error, all: [error] }, 'Held')

    const told = {
      code: 'registry',
      message: 'Cannot list the tags of "ghcr.io/o/app"',
      place: 'web/compose.yaml:3:12',
      remedy: 'check the network',
      cause: {
        code: 'network',
        message: 'Cannot reach "ghcr.io"',
        cause: { name: 'Error', code: 'ECONNREFUSED', message: 'connect refused' },
      },
    }
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ error: told, all: [told] })
    expect(lines[0]).not.toContain('log.test.ts')
  })

  test('createLog() shows where a bug was thrown', () => {
    const { log, text } = logged({ format: 'json' })

    log.error({ error: new MagosError('internal', 'x', { cause: new TypeError('y') }) }, 'Bug')

    expect(text()).toContain('log.test.ts')
  })

  test('createLog() ends at a cycle of causes or values', () => {
    const { log, lines } = logged({ format: 'json' })
    const error = new Error('loops')
    error.cause = error
    const value: Record<string, unknown> = {}
    value['self'] = value

    log.error({ error, value, count: 3n, bytes: new Uint8Array(7) }, 'Odd')

    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ count: '3', bytes: '7 bytes' })
  })

  test('createLog() lets no field replace time, level or message', () => {
    const { log, lines } = logged({ format: 'json' })

    log.info({ level: 'forged', message: 'forged', time: 'forged' }, 'True')

    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 'info',
      message: 'True',
      level_: 'forged',
    })
  })

  test.each(FORMATS)(
    'createLog() keeps a forged %s line on one line, without escapes',
    (format) => {
      const { log, lines } = logged({ format, colours: 'none' })
      const forged = 'v1\n<0>all is lost\r\u001B[2J\u001B]0;title\u0007\u009B31m\u202Egpj.exe\u0000'

      log.info({ tag: forged, [forged]: 1, list: [forged] }, forged)

      expect(lines).toHaveLength(1)
      expect(lines[0]?.slice(0, -1)).not.toMatch(/[\p{Cc}\u202E]|\\u00|\\n/u)
    },
  )
})

describe('createLog() redaction', () => {
  const { privateKey: pem } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  })
  const webhookSecret = 'it"s a $ecret+(x)'
  const password = 'hunter22'
  const given = [pem, webhookSecret, password]

  /** How a secret may be planted, and what of it must not be seen. */
  const planted: readonly (readonly [string, string, string])[] = [
    ['a webhook secret', `got ${webhookSecret}`, webhookSecret],
    [
      'one in JSON',
      JSON.stringify({ a: webhookSecret }),
      JSON.stringify(webhookSecret).slice(1, -1),
    ],
    ['one percent-encoded', encodeURIComponent(webhookSecret), encodeURIComponent(webhookSecret)],
    ['one in base64', btoa(password), btoa(password)],
    ['one split by control characters', 'hun\u0000ter\u001B[0m22', password],
    ['one at the end of another word', `x${password}x`, password],
    ['a whole PEM', pem, pem.slice(40, 60)],
    ['a line of a PEM', pem.split('\n')[3] ?? '', pem.split('\n')[3] ?? ''],
    ['a PEM with written line breaks', pem.replaceAll('\n', '\\n'), pem.slice(40, 60)],
    ['a PEM cut short', pem.slice(0, 200), pem.slice(40, 60)],
    ['a PEM that nobody gave', PEM_OF_NOBODY, 'MC4CAQAwBQYDK2VwBCIEI'],
    ['an installation token', 'ghs_16C7e42F292c6912E7710c838347Ae178B4a', '16C7e42F292c'],
    ['a fine-grained token', 'github_pat_11ABCDEFG0123456789_abcdefgh', '11ABCDEFG0123456789'],
    ['an App JWT', 'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxIn0123.c2lnbmF0dXJl', 'c2lnbmF0dXJl'],
    ['a header', 'authorization: Bearer abcdef0123456789', 'abcdef0123456789'],
    ['Basic', 'Basic dXNlcjpwYXNzd29yZA==', 'dXNlcjpwYXNzd29yZA'],
    ['a URL’s password', 'https://joe:p4ssw@rd@git.example/x.git', 'p4ssw'],
    ['a URL’s token as user', 'https://tok3n@git.example/x.git', 'tok3n'],
    ['an age key', 'AGE-SECRET-KEY-1QQPZRY9X8GF2TVDW0', 'QQPZRY9X8GF2TVDW0'],
    ['a post-quantum age key', 'AGE-SECRET-KEY-PQ-1QQPZRY9X8GF2TVDW0', 'QQPZRY9X8GF2TVDW0'],
  ]

  test.each(planted)('createLog() never writes %s', (_, text, needle) => {
    for (const format of FORMATS) {
      const { log, text: written } = logged({ format, colours: 'none', redact: () => given })
      const error = new MagosError('github', text, { cause: new Error(text), remedy: text })

      log.info({ field: text, deep: { list: [text] } }, text)
      log.error({ error }, 'Failed')
      log.child({ bound: text }).warn({ [text]: 1 }, 'Bound')

      expect(written()).not.toContain(needle)
      expect(written()).toContain('[redacted]')
    }
  })

  test('createLog() asks for the secrets anew for each line', () => {
    const secrets: string[] = []
    const { log, lines } = logged({ format: 'journal', redact: () => secrets })

    log.info({}, 'minted token-one')
    secrets.push('token-one')
    log.info({}, 'minted token-one')

    expect(lines).toEqual(['<6>minted token-one\n', '<6>minted [redacted]\n'])
  })

  test('createLog() shows a Secret as such and leaves plain addresses alone', () => {
    const { log, lines } = logged({ format: 'journal', redact: () => given })

    log.info({ key: new Secret('plain'), url: 'https://ghcr.io/v2/o/app@sha256:ab' }, 'ok')

    expect(lines).toEqual(['<6>ok key=[secret] url=https://ghcr.io/v2/o/app@sha256:ab\n'])
  })
})

function logged(options: Partial<LogOptions> & Pick<LogOptions, 'format'>) {
  const lines: string[] = []
  const write = (line: string) => {
    lines.push(line)
  }
  const log = createLog({ redact: () => [], destination: { write }, ...options })
  return { log, lines, text: () => lines.join('') }
}
