import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createBase } from '../../src/main/create-base.ts'
import { openSecrets, secretFilesDirectory } from '../../src/main/secrets.ts'
import { vector, vectorText } from '../adapters/secrets/keys.ts'

const signal = new AbortController().signal
const sealed = { path: 'a.env', content: vector('encrypted/base-dotenv.env') }
let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'magos-main-'))
})
afterEach(() => rmSync(root, { recursive: true }))

describe('openSecrets()', () => {
  test('openSecrets() opens by the variables of the process, and has logs tell no value', async () => {
    const { base, lines } = open({ SOPS_AGE_KEY: vectorText('keys/main.txt') })
    const opened = await openSecrets(base, 'pretend').decrypt(sealed, signal)
    expect(Buffer.from(opened.content).toString()).toBe(vectorText('expected/base-dotenv.env'))
    base.log.error({ value: 'Basil-1700-rowan' }, 'saw Basil-1700-rowan')
    expect(lines.join()).toContain('saw [redacted]')
    expect(lines.join()).not.toContain('Basil-1700-rowan')
  })

  test('openSecrets() reads systemd’s credentials, and key files as the YAML allows', async () => {
    writeFileSync(join(root, 'sops_age_key'), vectorText('keys/main.txt'), { mode: 0o444 })
    const settings = { CREDENTIALS_DIRECTORY: root }
    const refused = openSecrets(open(settings).base, 'pretend').decrypt(sealed, signal)
    await expect(refused).rejects.toThrow('others can use it')
    const yaml = join(root, 'magos.yaml')
    writeFileSync(yaml, 'secrets: { allowExposedKeyFiles: true }\n')
    const { base } = open({ ...settings, MD_CONFIG: yaml })
    expect((await openSecrets(base, 'pretend').decrypt(sealed, signal)).values).not.toEqual([])
  })

  test('openSecrets() gives a program that hands out keys its user’s variables, and none of ours', async () => {
    const script = join(root, 'program')
    const key = join(root, 'key')
    writeFileSync(key, vectorText('keys/main.txt'))
    writeFileSync(script, `#!/bin/sh\nenv > ${root}/env\ncat ${key}\n`, { mode: 0o700 })
    const { base } = open({
      SOPS_AGE_KEY_CMD: script,
      PASSWORD_STORE_DIR: '/store',
      MD_WEBHOOK_SECRET: 'planted-secret',
      SOPS_AGE_KEY: '# planted',
    })
    await openSecrets(base, 'pretend').decrypt(sealed, signal)
    const seen = readFileSync(join(root, 'env'), 'utf8')
    expect(seen).toContain('PASSWORD_STORE_DIR=/store')
    expect(seen).toMatch(/^SOPS_AGE_RECIPIENT=age1\w+$/m)
    expect(seen).not.toContain('planted')
  })

  test('openSecrets() runs the program of sops where the YAML names it', async () => {
    const script = join(root, 'sops')
    writeFileSync(script, '#!/bin/sh\necho "a: planted-value"\n', { mode: 0o700 })
    const yaml = join(root, 'magos.yaml')
    writeFileSync(yaml, `secrets: { sops: ${script} }\n`)
    const pgp = { path: 'b.yaml', content: vector('tampered/yaml-only-pgp.yaml') }
    const { base } = open({ MD_CONFIG: yaml })
    expect((await openSecrets(base, 'pretend').decrypt(pgp, signal)).values).toEqual([
      'planted-value',
    ])
    await expect(openSecrets(open({}).base, 'pretend').decrypt(pgp, signal)).rejects.toMatchObject({
      code: 'unsupported-recipient',
    })
  })

  test('openSecrets() keeps its key for digests in the data directory, and makes none to look', () => {
    const path = join(root, 'data/secrets.key')
    openSecrets(open({}).base, 'pretend').digest('x')
    expect(existsSync(path)).toBe(false)
    const digest = openSecrets(open({}).base, 'make').digest('x')
    expect(openSecrets(open({}).base, 'pretend').digest('x')).toBe(digest)
  })
})

describe('secretFilesDirectory()', () => {
  test('secretFilesDirectory() is the same at every start, and another for another daemon', () => {
    const one = secretFilesDirectory('/run/magos', '/data/one')
    expect(one).toMatch(/^\/run\/magos\/secrets-[0-9a-f]{12}$/)
    expect(secretFilesDirectory('/run/magos', '/data/one')).toBe(one)
    expect(secretFilesDirectory('/run/magos', '/data/two')).not.toBe(one)
  })
})

function open(environment: Readonly<Record<string, string>>) {
  const lines: string[] = []
  const base = createBase({
    environment: {
      PATH: process.env['PATH'],
      MD_DATA_DIR: join(root, 'data'),
      XDG_CONFIG_HOME: join(root, 'config'),
      ...environment,
    },
    workingDirectory: root,
    version: '0',
    output: {
      write: (line) => void lines.push(line),
      isTerminal: false,
      stat: { dev: 0, ino: 0 },
    },
  })
  return { base, lines }
}
