import { generateKeyPairSync } from 'node:crypto'
import { inspect } from 'node:util'

import { describe, expect, test } from 'vitest'

import type { Config } from '../../src/config/config.ts'
import { configurationError, problemText } from '../../src/config/problem.ts'
import { readConfig } from '../../src/config/read.ts'
import type { ConfigResult } from '../../src/config/read.ts'

const rsa = pem('rsa')
const SECRET = 'planted-webhook-secret'

interface Given {
  readonly env?: Readonly<Record<string, string>>
  readonly dotenv?: string | null
  readonly files?: Readonly<Record<string, string>>
  readonly hostname?: string
}

describe('readConfig() defaults', () => {
  test('readConfig() fills in every default where nothing is set', () => {
    expect(good({})).toEqual({
      repository: null,
      guards: { minAge: 0, platforms: [], windows: [] },
      branch: null,
      host: 'cellar',
      runtime: null,
      dataDirectory: '/home/u/.local/state/magos-dominus',
      listen: { host: '127.0.0.1', port: 8787 },
      pollInterval: 300_000,
      webhookSecret: null,
      registryWebhookSecret: null,
      github: {
        apiUrl: 'https://api.github.com',
        serverUrl: 'https://github.com',
        app: null,
      },
      registryAuthFile: null,
      keys: {},
      logLevel: 'info',
      settle: { checked: 10_000, unchecked: 30_000 },
      deadline: 300_000,
      debounce: 2_000,
      drift: 'heal',
      revert: 'updates',
      sweep: 60_000,
      grace: 3_600_000,
      keep: 1,
      parallel: 4,
      bodyLimit: 5_000_000,
      registries: {},
      allowPaths: [],
      allowHooks: [],
      stacks: {},
      secrets: { sops: null, exposedKeyFiles: 'refused' },
    })
  })

  test('readConfig() takes an empty variable for one that is not set', () => {
    expect(good({ env: { MD_REPO: '', MD_LISTEN: '' } })).toEqual(good({}))
  })

  test.each([
    [{ MD_DATA_DIR: 'd', STATE_DIRECTORY: '/s' }, '/w/d'],
    [{ MD_DATA_DIR: '~/d' }, '/home/u/d'],
    [{ STATE_DIRECTORY: '/s:/t', XDG_STATE_HOME: '/x' }, '/s'],
    [{ XDG_STATE_HOME: '/x' }, '/x/magos-dominus'],
    [{ XDG_STATE_HOME: 'relative' }, '/home/u/.local/state/magos-dominus'],
  ])('readConfig() finds the data directory of %o', (env, expected) => {
    expect(good({ env }).dataDirectory).toBe(expected)
  })

  test('readConfig() expects the API of a server of one’s own below its address', () => {
    const app = { GITHUB_APP_ID: '7', GITHUB_APP_PRIVATE_KEY: rsa }
    const env = { ...app, GITHUB_SERVER_URL: 'https://ghe.lan/', MD_REPO: 'https://ghe.lan/o/n' }

    expect(good({ env }).github).toMatchObject({
      serverUrl: 'https://ghe.lan',
      apiUrl: 'https://ghe.lan/api/v3',
    })
    expect(good({ env: { GITHUB_API_URL: 'http://127.0.0.1:9/' } }).github.apiUrl).toBe(
      'http://127.0.0.1:9',
    )
  })
})

describe('readConfig() variables', () => {
  const github = { kind: 'github', owner: 'o', name: 'n' } as const
  test.each([
    ['o/n', github],
    ['https://github.com/o/n', github],
    ['https://github.com/o/n.git', github],
    ['https://github.com/o/n/', github],
    ['/srv/repo', { kind: 'local', path: '/srv/repo' }],
    ['./repo', { kind: 'local', path: '/w/repo' }],
    ['../repo/', { kind: 'local', path: '/repo' }],
    ['~/repo', { kind: 'local', path: '/home/u/repo' }],
    ['~', { kind: 'local', path: '/home/u' }],
    ['.', { kind: 'local', path: '/w' }],
  ] as const)('readConfig() reads MD_REPO %s', (text, expected) => {
    const env = { MD_REPO: text, GITHUB_APP_ID: '7', GITHUB_APP_PRIVATE_KEY: rsa }
    expect(good({ env }).repository).toEqual({ ...expected, text })
  })

  test.each([
    ['127.0.0.1:0', { host: '127.0.0.1', port: 0 }],
    ['[::1]:8787', { host: '::1', port: 8787 }],
    ['localhost:65535', { host: 'localhost', port: 65535 }],
  ])('readConfig() reads MD_LISTEN %s', (text, expected) => {
    expect(good({ env: { MD_LISTEN: text } }).listen).toEqual(expected)
  })

  test('readConfig() takes the places of SOPS’s keys together, and a command from the environment alone', () => {
    const { keys, secrets } = good({
      env: { SOPS_AGE_KEY: 'AGE-1', SOPS_AGE_KEY_CMD: 'pass age', SOPS_AGE_KEY_FILE: '~/k' },
      dotenv: 'SOPS_AGE_SSH_PRIVATE_KEY_FILE=ssh/id\nSOPS_AGE_KEY_FILE=/other',
    })
    const shown = Object.entries(keys).map(([name, value]) => [name, value.reveal()])
    expect(Object.fromEntries(shown)).toEqual({
      SOPS_AGE_KEY: 'AGE-1',
      SOPS_AGE_KEY_CMD: 'pass age',
      SOPS_AGE_KEY_FILE: '/home/u/k',
      SOPS_AGE_SSH_PRIVATE_KEY_FILE: '/w/ssh/id',
    })
    expect(secrets).toEqual({ sops: null, exposedKeyFiles: 'refused' })
    for (const name of ['SOPS_AGE_KEY_CMD', 'SOPS_AGE_SSH_PRIVATE_KEY_CMD']) {
      const message = `Cannot use ${name}: a command is taken from the environment alone`
      expect(texts({ dotenv: `${name}=rm -rf /` })).toEqual([expect.stringContaining(message)])
    }
  })

  test('readConfig() lets real variables win over those of .env, twins included', () => {
    const config = good({
      env: { MD_HOST: 'real', MD_WEBHOOK_SECRET_FILE: '/secret' },
      dotenv: 'MD_HOST=written\nMD_BRANCH=written\nMD_WEBHOOK_SECRET=written-secret',
      files: { '/secret': 'real-secret\n' },
    })

    expect(config).toMatchObject({ host: 'real', branch: 'written' })
    expect(config.webhookSecret?.reveal()).toBe('real-secret')
  })

  test.each(['MD_WEBHOOK_SECRET', 'md_webhook_secret'])(
    'readConfig() reads the systemd credential %s',
    (name) => {
      const env = { CREDENTIALS_DIRECTORY: '/run/credentials/x' }
      const files = { [`/run/credentials/x/${name}`]: `${SECRET}\n` }

      expect(good({ env, files }).webhookSecret?.reveal()).toBe(SECRET)
      expect(
        good({ env: { ...env, MD_WEBHOOK_SECRET: 'a-variable' }, files }).webhookSecret?.reveal(),
      ).toBe('a-variable')
    },
  )

  test.each([
    ['the PEM itself', { GITHUB_APP_PRIVATE_KEY: rsa }],
    ['the PEM with written line breaks', { GITHUB_APP_PRIVATE_KEY: rsa.replaceAll('\n', '\\n') }],
    ['its path', { GITHUB_APP_PRIVATE_KEY: '~/app.pem' }],
    ['its path in the twin', { GITHUB_APP_PRIVATE_KEY_FILE: 'home/app.pem' }],
    ['a credential', { CREDENTIALS_DIRECTORY: '/run/c' }],
  ])('readConfig() reads the private key from %s', (_, env) => {
    const files = {
      '/home/u/app.pem': rsa,
      '/w/home/app.pem': rsa,
      '/run/c/github_app_private_key': rsa,
    }
    const app = good({ env: { GITHUB_APP_ID: '7', ...env }, files }).github.app

    expect(app?.id).toBe('7')
    expect(app?.privateKey.reveal()).toBe(rsa)
  })

  test('readConfig() reads a PEM that spans lines of .env', () => {
    const dotenv = `GITHUB_APP_ID=Iv23liabcdefghijklmn\nGITHUB_APP_PRIVATE_KEY="${rsa}"\nMD_HOST=after`
    const config = good({ dotenv })

    expect(config.github.app?.privateKey.reveal()).toBe(rsa)
    expect(config.host).toBe('after')
  })
})

describe('readConfig() YAML', () => {
  test('readConfig() reads the file that MD_CONFIG names, also from .env', () => {
    const config = good({
      dotenv: 'MD_CONFIG=~/magos.yaml',
      files: {
        '/home/u/magos.yaml': `
settle: 2s
deadline: 1.5m
debounce: 0.2s
bodyLimit: 1MiB
registries:
  registry.lan:5000: {plainHttp: true}
  ghcr.io/team: {username: ann, passwordFile: token}
  git.lan: &git {username: joe, passwordFile: token}
  other.lan: *git
allowPaths: [/srv/shared/, ~/x]
allowHooks: [db]
stacks:
  db: {directory: ~/db}
`,
        '/home/u/token': 'pass-word\n',
      },
    })

    expect(config).toMatchObject({
      settle: { checked: 2_000, unchecked: 2_000 },
      deadline: 90_000,
      debounce: 200,
      bodyLimit: 1_048_576,
      allowPaths: ['/srv/shared', '/home/u/x'],
      allowHooks: ['db'],
      stacks: { db: { directory: '/home/u/db', drift: null } },
    })
    expect(config.registries['registry.lan:5000']).toEqual({
      plainHttp: true,
      credential: null,
      ca: null,
      mirrors: [],
      tokenServers: [],
    })
    expect(config.registries['ghcr.io/team']?.credential?.username).toBe('ann')
    for (const host of ['git.lan', 'other.lan']) {
      const { plainHttp, credential } = config.registries[host] ?? {}
      expect({ plainHttp, user: credential?.username }).toEqual({ plainHttp: null, user: 'joe' })
      expect(credential?.password.reveal()).toBe('pass-word')
    }
  })

  test.each(['', '# nothing\n', '---\n', 'stacks:\n#  web: {directory: ~/web}\n'])(
    'readConfig() takes a file that says nothing for the defaults: %j',
    (text) => {
      expect(good({ env: { MD_CONFIG: '/m.yaml' }, files: { '/m.yaml': text } })).toEqual(good({}))
    },
  )
})

describe('readConfig() problems', () => {
  const bad: readonly (readonly [string, Given, readonly string[]])[] = [
    [
      'an unknown variable',
      { env: { MD_POLL_INTERVALL: '5m' } },
      [
        'MD_POLL_INTERVALL: Cannot use MD_POLL_INTERVALL: there is no such variable; did you mean MD_POLL_INTERVAL?',
      ],
    ],
    [
      'an unknown variable of .env',
      { dotenv: '\nexport MD_FOO=1' },
      ['.env:2:15: MD_FOO: Cannot use MD_FOO: there is no such variable; remove it'],
    ],
    [
      'a repository',
      { env: { MD_REPO: 'homelab' } },
      [
        'MD_REPO: Cannot use repository "homelab": expected owner/name, an https URL of a GitHub repository, or a path that starts with /, ./, ../ or ~/',
      ],
    ],
    [
      'a repository elsewhere',
      { env: { MD_REPO: 'https://gitlab.com/o/n' } },
      [
        'MD_REPO: Cannot use repository "https://gitlab.com/o/n": expected a URL below GITHUB_SERVER_URL, which is https://github.com',
      ],
    ],
    [
      'a repository without an App',
      { env: { MD_REPO: 'o/n' } },
      [
        'GITHUB_APP_ID: Cannot do without GITHUB_APP_ID: MD_REPO names a GitHub repository; set it to the id on the GitHub App’s page',
        'GITHUB_APP_PRIVATE_KEY: Cannot do without GITHUB_APP_PRIVATE_KEY: MD_REPO names a GitHub repository; set it to the path of the App’s private key',
      ],
    ],
    [
      'half an App',
      { env: { GITHUB_APP_ID: '7' } },
      [
        'GITHUB_APP_PRIVATE_KEY: Cannot do without GITHUB_APP_PRIVATE_KEY: the other half of the App is set; set it to the path of the App’s private key',
      ],
    ],
    [
      'the other half',
      { env: { GITHUB_APP_PRIVATE_KEY: rsa } },
      [
        'GITHUB_APP_ID: Cannot do without GITHUB_APP_ID: the other half of the App is set; set it to the id on the GitHub App’s page',
      ],
    ],
    [
      'an App id',
      { env: { GITHUB_APP_ID: 'magos', GITHUB_APP_PRIVATE_KEY: rsa } },
      [
        'GITHUB_APP_ID: Cannot use App id "magos": expected the number or the client id on the App\'s page',
      ],
    ],
    [
      'a key of another kind',
      { env: { GITHUB_APP_ID: '7', GITHUB_APP_PRIVATE_KEY: pem('ed25519') } },
      [
        'GITHUB_APP_PRIVATE_KEY: Cannot use the private key: expected RSA, as GitHub Apps have, current type is ed25519',
      ],
    ],
    [
      'a key with a passphrase',
      {
        env: {
          GITHUB_APP_ID: '7',
          GITHUB_APP_PRIVATE_KEY: '-----BEGIN ENCRYPTED PRIVATE KEY-----',
        },
      },
      ['GITHUB_APP_PRIVATE_KEY: Cannot use the private key: expected one without a passphrase'],
    ],
    [
      'a key cut short',
      { env: { GITHUB_APP_ID: '7', GITHUB_APP_PRIVATE_KEY: rsa.slice(0, 300) } },
      [
        'GITHUB_APP_PRIVATE_KEY: Cannot use the private key: expected a whole PEM private key as GitHub hands it out',
      ],
    ],
    [
      'a key file that is none',
      {
        env: { GITHUB_APP_ID: '7', GITHUB_APP_PRIVATE_KEY: '/app.pem' },
        files: { '/app.pem': 'hello' },
      },
      [
        'GITHUB_APP_PRIVATE_KEY: Cannot use the private key: expected PEM, which begins with -----BEGIN',
      ],
    ],
    [
      'a key file that is not there',
      { env: { GITHUB_APP_ID: '7', GITHUB_APP_PRIVATE_KEY: '/app.pem' } },
      [
        'GITHUB_APP_PRIVATE_KEY: Cannot read the private key: it is no PEM, and no readable file has that name',
      ],
    ],
    [
      'a secret and its twin',
      { env: { MD_WEBHOOK_SECRET: SECRET, MD_WEBHOOK_SECRET_FILE: '/s' } },
      [
        'MD_WEBHOOK_SECRET_FILE: Cannot use MD_WEBHOOK_SECRET_FILE: MD_WEBHOOK_SECRET is set too; keep one of them',
      ],
    ],
    [
      'a twin without its file',
      { dotenv: 'MD_WEBHOOK_SECRET_FILE=/s' },
      [
        '.env:1:24: MD_WEBHOOK_SECRET_FILE: Cannot read the file that MD_WEBHOOK_SECRET_FILE names: no such readable file',
      ],
    ],
    [
      'an empty secret',
      { env: { MD_WEBHOOK_SECRET_FILE: '/s' }, files: { '/s': '\n' } },
      [
        'MD_WEBHOOK_SECRET_FILE: Cannot read the file that MD_WEBHOOK_SECRET_FILE names: it is empty',
      ],
    ],
    [
      'a short secret',
      { env: { MD_WEBHOOK_SECRET: '1234567' } },
      [
        'MD_WEBHOOK_SECRET: Cannot use the webhook secret: expected at least 8 characters; make one with: openssl rand -hex 32',
      ],
    ],
    [
      'an engine',
      { env: { MD_RUNTIME: 'Podman' } },
      ['MD_RUNTIME: Cannot use value "Podman": expected podman or docker; did you mean podman?'],
    ],
    [
      'a level',
      { env: { MD_LOG_LEVEL: 'trace' } },
      ['MD_LOG_LEVEL: Cannot use value "trace": expected debug or info or warn or error'],
    ],
    [
      'a GitHub address without TLS',
      { env: { GITHUB_API_URL: 'http://ghe.lan/api' } },
      [
        'GITHUB_API_URL: Cannot use address "http://ghe.lan/api": expected https, since tokens are sent there',
      ],
    ],
    [
      'the machine’s name',
      { hostname: 'Bob’s Mac' },
      [
        'MD_HOST: Cannot use the machine\'s host name "Bob’s Mac": expected letters, digits, dots, dashes and underscores, 63 at most; set MD_HOST',
      ],
    ],
    [
      'files that are not there',
      { env: { MD_CONFIG: 'm.yaml', MD_REGISTRY_AUTH_FILE: '/auth.json' } },
      [
        'MD_REGISTRY_AUTH_FILE: Cannot read "/auth.json": no such readable file',
        'MD_CONFIG: Cannot read "/w/m.yaml": no such readable file',
      ],
    ],
    [
      'YAML that does not parse',
      yaml('settle: 10s\nstacks: [\n'),
      [
        '/m.yaml:3:1: Cannot read the YAML: flow sequence in block collection must be sufficiently indented and end with a ]',
      ],
    ],
    [
      'a key that stands twice',
      yaml('settle: 10s\nsettle: 11s\n'),
      ['/m.yaml:2:1: Cannot read the YAML: map keys must be unique'],
    ],
    [
      'a name that objects reserve',
      yaml('stacks:\n  constructor: {directory: ~/c}\n'),
      ['/m.yaml:2:3: Cannot use key "constructor": the name is reserved'],
    ],
    [
      'a mistake behind an alias, where it was made',
      yaml('stacks:\n  a: &x {directory: here}\n  b: *x\n'),
      [
        '/m.yaml:2:21: Cannot use "here": expected a path that starts with / or ~/, or adopt',
        '/m.yaml:2:21: Cannot use "here": expected a path that starts with / or ~/, or adopt',
      ],
    ],
    [
      'half a credential',
      yaml('registries:\n  git.lan:\n    username: joe\n'),
      ['/m.yaml:2:3: Cannot use the credential of "git.lan": passwordFile is missing'],
    ],
    [
      'what counts for a whole registry and stands at a path',
      yaml(
        'registries:\n  ghcr.io/team:\n    plainHttp: true\n    mirrors: [m.lan]\n  ghcr.io/o: {}\n',
      ),
      [
        '/m.yaml:2:3: Cannot use the path "ghcr.io/team": expected its login, username and passwordFile',
        '/m.yaml:3:5: Cannot use plainHttp for the path "ghcr.io/team": only a login counts for a path; say it of "ghcr.io"',
        '/m.yaml:4:5: Cannot use mirrors for the path "ghcr.io/team": only a login counts for a path; say it of "ghcr.io"',
        '/m.yaml:5:3: Cannot use the path "ghcr.io/o": expected its login, username and passwordFile',
      ],
    ],
    [
      'a deadline within the settle window',
      yaml('deadline: 5s\n'),
      ['/m.yaml:1:11: Cannot use deadline: expected it to be longer than settle'],
    ],
    [
      'a deadline that only a default makes too short',
      yaml('settle: 6m\n'),
      ['/m.yaml:1:1: Cannot use deadline: expected it to be longer than settle'],
    ],
    [
      'a password file that is not there, beside a wrong key',
      yaml('setle: 1s\nregistries: {git.lan: {username: joe, passwordFile: planted-pass}}\n'),
      [
        '/m.yaml:1:1: Cannot use key "setle": there is no such setting; did you mean settle?',
        '/m.yaml:2:53: Cannot read the file that passwordFile names: no such readable file',
      ],
    ],
  ]

  test.each(bad)('readConfig() tells of %s', (_, given, expected) => {
    expect(texts(given)).toEqual(expected)
  })

  test('readConfig() passes over no .env that cannot be read', () => {
    expect(texts({ dotenv: null, env: { MD_LISTEN: '8787' } })).toEqual([
      expect.stringContaining('MD_LISTEN: Cannot use address'),
      '.env: Cannot read the file: it is there, but this user may not; give this user the right to read it, or start Magos elsewhere',
    ])
  })

  test('readConfig() tells all problems at once, the process first, then file by file from the top', () => {
    const given = {
      env: { MD_CONFIG: '/m.yaml', MD_LISTEN: '8787' },
      dotenv: 'what is this\nMD_POLL_INTERVAL=5\nMD_REPO=nowhere\nMD_BRNCH=main\n',
      files: {
        '/m.yaml': 'debounce: 6s\nstacks:\n  web: {directory: here, hots: a}\nsettle: 10\n',
      },
    }

    expect(texts(given).map((text) => text.split(': ').slice(0, 2).join(': '))).toEqual([
      'MD_LISTEN: Cannot use address "8787"',
      '.env:1:1: Cannot read the line',
      '.env:2:18: MD_POLL_INTERVAL',
      '.env:3:9: MD_REPO',
      '.env:4:10: MD_BRNCH',
      '/m.yaml:1:11: Cannot use duration "6s"',
      '/m.yaml:3:20: Cannot use "here"',
      '/m.yaml:3:26: Cannot use key "hots"',
      '/m.yaml:4:9: Cannot use 10',
    ])
  })

  const planted: readonly Given[] = [
    { env: { MD_REPO: `https://joe:${SECRET}@github.com/o/n` } },
    { env: { GITHUB_API_URL: `https://${SECRET}@ghe.lan` } },
    { env: { GITHUB_SERVER_URL: `ftp://joe:${SECRET}@ghe.lan` } },
    { env: { MD_WEBHOOK_SECRET_FILE: SECRET } },
    { env: { GITHUB_APP_ID: '7', GITHUB_APP_PRIVATE_KEY: SECRET } },
    { env: { GITHUB_APP_ID: '7', GITHUB_APP_PRIVATE_KEY: `-----BEGIN X\n${SECRET}` } },
    { env: { MD_WEBHOOK_SECRET: SECRET, MD_WEBHOOK_SECRET_FILE: SECRET } },
    { dotenv: SECRET },
    { dotenv: `MD_WEBHOOK_SECRET="${SECRET}` },
    { dotenv: `MD_WEBHOOK_SECRET="a" ${SECRET}` },
    yaml(`registries: {r.lan: {username: j, passwordFile: ${SECRET}}}`),
    yaml(`registries: {r.lan: {password: ${SECRET}}}`),
  ]
  test.each(planted)(
    'readConfig() never shows a secret, not even one in a wrong place: %o',
    (given) => {
      const found = texts(given)
      expect(found).not.toEqual([])
      expect(found.join('\n')).not.toContain(SECRET)
    },
  )

  test('configurationError() carries every problem, and the first place', () => {
    const result = read({ env: { MD_LISTEN: 'x' }, dotenv: 'MD_BRANCH=a..b' })
    const error = configurationError('problems' in result ? result.problems : [])

    expect(error).toMatchObject({
      code: 'configuration',
      place: { file: '.env', line: 1, column: 11 },
    })
    expect(error.message).toMatch(
      /^Cannot use the configuration: 2 problems\n {2}MD_LISTEN: .*\n {2}\.env:1:11: MD_BRANCH: /,
    )
  })
})

describe('Secret', () => {
  test('Secret shows itself to reveal() alone', () => {
    const config = good({ env: { MD_WEBHOOK_SECRET: SECRET } })
    const { webhookSecret } = config

    const shown = [JSON.stringify(config), inspect(config, { depth: 9, showHidden: true })]
    shown.push(String(webhookSecret), Object.values(webhookSecret ?? {}).join(' '))
    expect(shown.join('\n')).not.toContain(SECRET)
    expect(webhookSecret?.reveal()).toBe(SECRET)
  })
})

function read({ env = {}, dotenv, files = {}, hostname = 'cellar' }: Given): ConfigResult {
  return readConfig({
    environment: { HOME: '/home/u', PATH: '/bin', ...env },
    dotenv: dotenv === undefined ? null : { path: '.env', text: dotenv },
    readFile: (path) => files[path] ?? null,
    homeDirectory: '/home/u',
    hostname,
    workingDirectory: '/w',
  })
}

function good(given: Given): Config {
  const result = read(given)
  if ('config' in result) return result.config
  throw new Error(result.problems.map(problemText).join('\n'))
}

function texts(given: Given): readonly string[] {
  const result = read(given)
  return 'problems' in result ? result.problems.map(problemText) : []
}

function yaml(text: string): Given {
  return { env: { MD_CONFIG: '/m.yaml' }, files: { '/m.yaml': text } }
}

function pem(type: 'rsa' | 'ed25519'): string {
  const { privateKey } =
    type === 'rsa' ? generateKeyPairSync('rsa', { modulusLength: 2048 }) : generateKeyPairSync(type)
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}
