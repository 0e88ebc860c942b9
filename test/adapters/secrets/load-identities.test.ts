import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { keySources, type KeySettings } from '../../../src/adapters/secrets/key-sources.ts'
import { loadIdentities } from '../../../src/adapters/secrets/load-identities.ts'
import { createRunChild } from '../../../src/host/process.ts'
import { vectorText } from './keys.ts'

const signal = new AbortController().signal
const key = vectorText('keys/main.txt')
let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'magos-keys-'))
})
afterEach(() => rmSync(root, { recursive: true }))

describe('loadIdentities()', () => {
  test('loadIdentities() finds nothing where there is nothing, and complains of nothing', async () => {
    expect(await load()).toMatchObject({ found: [], places: [], passedOver: [] })
  })

  test.each<[string, string, Partial<KeySettings>]>([
    ['~/.config', '.config/sops/age/keys.txt', {}],
    ['$XDG_CONFIG_HOME', 'xdg/sops/age/keys.txt', { configHome: 'xdg' }],
    ['macOS’s own', 'Library/Application Support/sops/age/keys.txt', { platform: 'darwin' }],
    [
      'macOS with XDG_CONFIG_HOME',
      'xdg/sops/age/keys.txt',
      { platform: 'darwin', configHome: 'xdg' },
    ],
    ['~/.ssh/id_ed25519', '.ssh/id_ed25519', {}],
    ['~/.ssh/id_rsa', '.ssh/id_rsa', {}],
    ['a systemd credential', 'credentials/sops_age_key', { credentials: 'credentials' }],
    [
      'a systemd credential in capitals',
      'credentials/SOPS_AGE_KEY',
      { credentials: 'credentials' },
    ],
    ['/run/secrets', 'run/sops_age_key', {}],
    ['an ssh key in /run/secrets', 'run/sops_age_ssh_private_key', {}],
  ])('loadIdentities() looks into %s', async (_title, path, settings) => {
    write(path, path.includes('ssh') || path.includes('id_') ? sshKeyFor(path) : key)
    const { found, passedOver } = await load(settings)
    expect(found.length).toBeGreaterThan(0)
    expect(passedOver).toEqual([])
  })

  test('loadIdentities() takes every place together, as SOPS does', async () => {
    write('a.txt', vectorText('keys/second.txt'))
    write('ssh', vectorText('keys/ssh_rsa'))
    write('.config/sops/age/keys.txt', vectorText('keys/third.txt'))
    const { found, places } = await load({
      variables: {
        SOPS_AGE_KEY: key,
        SOPS_AGE_KEY_FILE: join(root, 'a.txt'),
        SOPS_AGE_SSH_PRIVATE_KEY_FILE: join(root, 'ssh'),
      },
    })
    expect(found).toHaveLength(4)
    expect(places).toHaveLength(4)
  })

  test('loadIdentities() tells of a file that was named and is not there', async () => {
    const variables = { SOPS_AGE_KEY_FILE: join(root, 'absent') }
    expect((await load({ variables })).passedOver).toEqual([
      `SOPS_AGE_KEY_FILE "${join(root, 'absent')}": there is no such file`,
    ])
  })

  test.each([
    [0o600, 0],
    [0o400, 0],
    [0o640, 1],
    [0o604, 1],
    [0o620, 1],
    [0o644, 1],
  ])('loadIdentities() minds who else can use a file of mode %o', async (mode, refused) => {
    const path = write('a.txt', key, mode)
    const { found, passedOver } = await load({ variables: { SOPS_AGE_KEY_FILE: path } })
    expect([found.length, passedOver.length]).toEqual([1 - refused, refused])
    expect(passedOver.every((one) => one.includes('secrets.allowExposedKeyFiles'))).toBe(true)
  })

  test('loadIdentities() takes an exposed file where that was allowed in so many words', async () => {
    const path = write('a.txt', key, 0o644)
    const { found } = await load({ variables: { SOPS_AGE_KEY_FILE: path }, exposed: 'allowed' })
    expect(found).toHaveLength(1)
  })

  test('loadIdentities() lets systemd’s access list stand, and nobody else read a credential', async () => {
    write('credentials/sops_age_key', key, 0o440)
    expect((await load({ credentials: 'credentials' })).found).toHaveLength(1)
    chmodSync(join(root, 'credentials/sops_age_key'), 0o444)
    expect((await load({ credentials: 'credentials' })).found).toHaveLength(0)
  })

  test('loadIdentities() follows a symlink, and minds the file behind it', async () => {
    write('store/a.txt', key, 0o644)
    symlinkSync(join(root, 'store/a.txt'), join(root, 'link'))
    const variables = { SOPS_AGE_KEY_FILE: join(root, 'link') }
    expect((await load({ variables })).found).toHaveLength(0)
    chmodSync(join(root, 'store/a.txt'), 0o600)
    expect((await load({ variables })).found).toHaveLength(1)
  })

  test('loadIdentities() refuses a folder and an endless file', async () => {
    for (const path of [root, '/dev/zero']) {
      const { passedOver } = await load({
        variables: { SOPS_AGE_KEY_FILE: path },
        exposed: 'allowed',
      })
      expect(passedOver).toEqual([expect.stringContaining('no regular file')])
    }
  })

  test('loadIdentities() reads no more than a list of keys may have', async () => {
    const path = write('a.txt', `${key}\n${'#'.repeat(1 << 20)}`)
    const { passedOver } = await load({ variables: { SOPS_AGE_KEY_FILE: path } })
    expect(passedOver).toEqual([expect.stringContaining('longer than any list')])
  })

  test('loadIdentities() says where a file holds no key', async () => {
    const path = write('a.txt', '# nothing\n')
    const { passedOver } = await load({ variables: { SOPS_AGE_KEY_FILE: path } })
    expect(passedOver).toEqual([expect.stringContaining('it holds no key')])
  })
})

describe('loadIdentities() with a program', () => {
  test('ask() runs the program with its recipient, and once for each', async () => {
    const script = program(
      `echo "$SOPS_AGE_RECIPIENT" >> ${join(root, 'asked')}; cat ${write('k', key)}`,
    )
    const loaded = await load({ variables: { SOPS_AGE_KEY_CMD: `${script} 'an argument'` } })
    expect(loaded.found).toEqual([])
    for (const recipient of ['age1x', 'age1x', 'age1y']) {
      expect((await loaded.ask(recipient, signal))?.found).toHaveLength(1)
    }
    expect(readFileSync(join(root, 'asked'), 'utf8')).toBe('age1x\nage1y\n')
  })

  test('ask() hands a program no secret of ours', async () => {
    const script = program(`env > ${join(root, 'env')}; exit 0`)
    const environment = { PATH: process.env['PATH'], MD_WEBHOOK_SECRET: 'planted', GNUPGHOME: '/g' }
    const loaded = await load({ variables: { SOPS_AGE_KEY_CMD: script } }, environment)
    await loaded.ask('age1x', signal)
    const seen = readFileSync(join(root, 'env'), 'utf8')
    expect(seen).not.toContain('planted')
    expect(seen).toContain('DBUS=kept')
  })

  test.each([
    ['fails', 'echo AGE-SECRET-KEY-1PLANTED; exit 3', 'exited with 3'],
    ['says nothing', 'exit 0', 'it holds no key'],
    ['says nonsense', 'echo planted', 'line 1 is no age identity'],
  ])('ask() tells of a program that %s, and not what it said', async (_title, body, reason) => {
    const loaded = await load({ variables: { SOPS_AGE_SSH_PRIVATE_KEY_CMD: program(body) } })
    const asked = await loaded.ask('age1x', signal)
    expect(asked?.passedOver).toEqual([expect.stringContaining(reason)])
    expect(asked?.passedOver.join()).not.toMatch(/planted/i)
  })

  test.each([
    ['/nowhere/at-all', 'is not there'],
    ["'open", 'a quote is left open'],
    [' ', 'it is no command'],
  ])('ask() tells of %j', async (command, reason) => {
    const loaded = await load({ variables: { SOPS_AGE_KEY_CMD: command } })
    expect((await loaded.ask('age1x', signal))?.passedOver).toEqual([
      expect.stringContaining(reason),
    ])
  })

  test('ask() is nothing where no program is configured', async () => {
    expect(await (await load()).ask('age1x', signal)).toBeNull()
  })
})

async function load(
  { configHome, credentials, ...settings }: Partial<KeySettings> = {},
  environment: Readonly<Record<string, string | undefined>> = { PATH: process.env['PATH'] },
) {
  const within = (path: string | null | undefined) => (path ? join(root, path) : null)
  const sources = keySources({
    variables: {},
    home: root,
    platform: 'linux',
    exposed: 'refused',
    secretsDirectory: join(root, 'run'),
    ...settings,
    configHome: within(configHome),
    credentials: within(credentials),
  })
  const run = createRunChild({ environment })
  return await loadIdentities({ run, commandEnvironment: { DBUS: 'kept' } }, sources)
}

function write(path: string, text: string, mode = 0o600): string {
  const full = join(root, path)
  mkdirSync(dirname(full), { recursive: true })
  writeFileSync(full, text)
  chmodSync(full, mode)
  return full
}

function program(body: string): string {
  return write('program', `#!/bin/sh\n${body}\n`, 0o700)
}

function sshKeyFor(path: string): string {
  return vectorText(path.endsWith('rsa') ? 'keys/ssh_rsa' : 'keys/ssh_ed25519')
}
