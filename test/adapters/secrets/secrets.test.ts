import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { KeySource } from '../../../src/adapters/secrets/key-sources.ts'
import { createKeyedDigest } from '../../../src/adapters/secrets/host-key.ts'
import { createSecrets } from '../../../src/adapters/secrets/secrets.ts'
import { createSopsProgram } from '../../../src/adapters/secrets/sops-program.ts'
import { createRunChild } from '../../../src/host/process.ts'
import { secretsContract } from '../../contracts/secrets.ts'
import { createMemorySecrets, seal } from '../../fakes/memory-secrets.ts'
import { vector, vectorText } from './keys.ts'

const signal = new AbortController().signal
let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'magos-secrets-'))
})
afterEach(() => rmSync(root, { recursive: true }))

secretsContract('real', () => ({
  secrets: open({ host: 'one' }),
  elsewhere: open({ host: 'two' }),
  ours: {
    ...file('encrypted/base-dotenv.env'),
    plain: vectorText('expected/base-dotenv.env'),
    values: ['Basil-1700-rowan', 'Pebble-4795-ivory', 'Copper-2319-flint'],
  },
  theirs: file('encrypted/recipient-ssh-rsa.yaml'),
  damaged: file('tampered/dotenv-tag-flipped.env'),
}))

secretsContract('in memory', () => ({
  secrets: createMemorySecrets({ key: 'one' }),
  elsewhere: createMemorySecrets({ key: 'two' }),
  ours: {
    path: 'a.env',
    content: Buffer.from(seal('A=one\nB=two\n')),
    plain: 'A=one\nB=two\n',
    values: ['one', 'two'],
  },
  theirs: { path: 'b.env', content: Buffer.from(seal('A=one\n', 'theirs')) },
  damaged: { path: 'c.env', content: Buffer.from(seal('A=one\n').replace('data:', 'data:x')) },
}))

describe('createSecrets()', () => {
  test('decrypt() knows a file by its content where its name says nothing', async () => {
    for (const [from, name] of [
      ['base-dotenv.env', 'app.enc'],
      ['base-yaml.yaml', 'app'],
      ['base-ini.ini', 'app.conf'],
      ['base-json.json', 'app.txt'],
      ['base-binary.bin', 'app.key'],
    ] as const) {
      const content = vector(`encrypted/${from}`)
      const opened = await open().decrypt({ path: name, content }, signal)
      expect(Buffer.from(opened.content).equals(vector(`expected/${from}`))).toBe(true)
    }
  })

  test('decrypt() tells every value before it gives any out', async () => {
    const told: string[] = []
    await open({ onValues: (values) => told.push(...values) }).decrypt(
      file('encrypted/base-dotenv.env'),
      signal,
    )
    expect(told).toContain('Basil-1700-rowan')
    expect(told).not.toContain('Lupin-5858-indigo')
  })

  test('decrypt() reads the keys anew where none fits, for somebody may have brought one', async () => {
    const path = join(root, 'late.txt')
    const secrets = open({
      sources: [{ kind: 'file', variable: 'SOPS_AGE_KEY_FILE', path, others: 'nobody' }],
    })
    const sealed = file('encrypted/base-dotenv.env')
    await expect(secrets.decrypt(sealed, signal)).rejects.toMatchObject({ code: 'no-identity' })
    await expect(secrets.decrypt(sealed, signal)).rejects.toMatchObject({ code: 'no-identity' })
    writeFileSync(path, vectorText('keys/main.txt'), { mode: 0o600 })
    expect((await secrets.decrypt(sealed, signal)).values).toContain('Basil-1700-rowan')
  })
})

describe('createSecrets() with the program of sops', () => {
  const pgp = 'tampered/yaml-only-pgp.yaml'

  test('decrypt() refuses other recipients where no program is configured', async () => {
    await expect(open().decrypt(file(pgp), signal)).rejects.toMatchObject({
      code: 'unsupported-recipient',
      message: expect.stringContaining('pgp'),
      place: { file: pgp },
    })
  })

  test('decrypt() runs it with nothing but the ciphertext and what its recipients need', async () => {
    const script = `pwd > ${root}/cwd; env > ${root}/env; echo "$@" > ${root}/args; stat -c %a "$6" > ${root}/mode; echo 'a: planted-value'; echo 'key: [7531]'`
    const opened = await open({ program: script }).decrypt(file(pgp), signal)
    expect(Buffer.from(opened.content).toString()).toBe('a: planted-value\nkey: [7531]\n')
    expect(opened.values).toEqual(['planted-value', '7531'])
    const seen = (name: string) => readFileSync(join(root, name), 'utf8').trim()
    expect(seen('args')).toMatch(/^decrypt --input-type yaml --output-type yaml \/.*\/file$/)
    expect(seen('mode')).toBe('600')
    expect(seen('env')).toContain('GNUPGHOME=/gnupg')
    expect(seen('env')).toMatch(/^SOPS_HC_VAULT_ALLOWLIST=$/m)
    expect(seen('env')).not.toMatch(/AWS_|MD_|planted/)
  })

  test('decrypt() tells each value of an environment file that was encrypted as a whole', async () => {
    const told: string[] = []
    const onValues = (values: readonly string[]) => told.push(...values)
    const { sops }: { readonly sops: unknown } = parse(vectorText(pgp))
    const sealed = JSON.stringify({ data: 'ENC[AES256_GCM,data:a,iv:a,tag:a,type:str]', sops })
    const secrets = open({ program: `echo 'A=hunter2'; echo 'B="two words"'`, onValues })
    const content = Buffer.from(sealed)
    await secrets.decrypt({ path: '.env', content, format: 'binary' }, signal)
    expect(told).toEqual(expect.arrayContaining(['hunter2', 'two words']))
  })

  test('decrypt() does not run it for a file with an age recipient', async () => {
    const secrets = open({ program: `touch ${root}/ran; exit 1` })
    expect((await secrets.decrypt(file('encrypted/base-dotenv.env'), signal)).values).not.toEqual(
      [],
    )
    expect(existsSync(join(root, 'ran'))).toBe(false)
  })

  test.each([
    [51, 'mac-mismatch'],
    [52, 'mac-missing'],
    [25, 'corrupt-value'],
    [128, 'no-identity'],
  ])(
    'decrypt() reads its exit code %i, and repeats nothing of what it says',
    async (code, expected) => {
      const secrets = open({ program: `echo planted >&2; echo planted; exit ${code}` })
      const refused = await secrets.decrypt(file(pgp), signal).catch((error: unknown) => error)
      expect(refused).toMatchObject({ code: expected, place: { file: pgp } })
      expect(String(refused)).not.toContain('planted')
    },
  )

  test('decrypt() says where the program is missing', async () => {
    const secrets = open({ program: null, programPath: '/nowhere/sops' })
    await expect(secrets.decrypt(file(pgp), signal)).rejects.toThrow('there is no such program')
  })
})

describe('createKeyedDigest()', () => {
  test('createKeyedDigest() makes its key once, for its owner alone', () => {
    const first = createKeyedDigest({ path: keyPath(), missing: 'make' })('x')
    expect(readFileSync(keyPath(), 'utf8')).toMatch(/^[0-9a-f]{64}\n$/)
    expect(createKeyedDigest({ path: keyPath(), missing: 'make' })('x')).toBe(first)
    expect(createKeyedDigest({ path: keyPath(), missing: 'pretend' })('x')).toBe(first)
  })

  test('createKeyedDigest() writes nothing for who only looks', () => {
    const pretended = createKeyedDigest({ path: keyPath(), missing: 'pretend' })
    expect(pretended('x')).toBe(pretended('x'))
    expect(existsSync(keyPath())).toBe(false)
  })

  test('createKeyedDigest() refuses a key that is none, and shows nothing of it', () => {
    createKeyedDigest({ path: keyPath(), missing: 'make' })('x')
    writeFileSync(keyPath(), 'planted')
    const digest = createKeyedDigest({ path: keyPath(), missing: 'make' })
    expect(() => digest('x')).toThrow('it is no key of 64 hexadecimal digits')
  })

  test('createKeyedDigest() takes the key away from others who could read it', () => {
    createKeyedDigest({ path: keyPath(), missing: 'make' })('x')
    chmodSync(keyPath(), 0o644)
    createKeyedDigest({ path: keyPath(), missing: 'make' })('x')
    expect(statSync(keyPath()).mode & 0o777).toBe(0o600)
  })
})

function keyPath(): string {
  return join(root, 'data/secrets.key')
}

interface OpenOptions {
  readonly host?: string
  readonly sources?: readonly KeySource[]
  readonly onValues?: (values: readonly string[]) => void
  /** The body of a script that stands for sops. */
  readonly program?: string | null
  readonly programPath?: string
}

function open({
  host = 'one',
  sources,
  onValues = () => undefined,
  program,
  programPath,
}: OpenOptions = {}) {
  const run = createRunChild({ environment: { PATH: process.env['PATH'] } })
  const path = programPath ?? join(root, 'sops')
  if (typeof program === 'string') writeFileSync(path, `#!/bin/sh\n${program}\n`, { mode: 0o700 })
  const environment = {
    GNUPGHOME: '/gnupg',
    AWS_SECRET_ACCESS_KEY: 'planted',
    MD_WEBHOOK_SECRET: 'planted',
  }
  return createSecrets({
    run,
    sources: sources ?? [{ kind: 'text', name: 'SOPS_AGE_KEY', text: vectorText('keys/main.txt') }],
    commandEnvironment: {},
    digest: createKeyedDigest({ path: join(root, host, 'secrets.key'), missing: 'make' }),
    onValues,
    program:
      program === undefined
        ? null
        : createSopsProgram({ path, run, environment, runtimeDirectory: root }),
  })
}

function file(path: string) {
  return { path, content: vector(path) }
}
