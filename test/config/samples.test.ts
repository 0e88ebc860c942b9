import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'

import { readDaemonYaml } from '../../src/config/daemon-yaml.ts'
import { parseDotenv } from '../../src/config/dotenv.ts'
import type { ConfigProblem } from '../../src/config/problem.ts'
import { KEY_VARIABLES, PLAIN_VARIABLES, SECRET_VARIABLES } from '../../src/config/variable.ts'
import { labAuthority } from '../lab/registry/tls.ts'

const ROOT = join(import.meta.dirname, '../..')
const UNITS = [
  'configs/magos-dominus.service',
  'configs/magos-sync.service',
  'configs/magos-sync.timer',
  'tunnel/cloudflared.service',
]

describe('configs/magos.yaml', () => {
  test('configs/magos.yaml is read without a problem and states the true defaults', () => {
    const problems: ConfigProblem[] = []
    const settings = readSample(sample('configs/magos.yaml'), problems)

    expect(problems).toEqual([])
    expect(settings).toEqual(readDaemonYaml(null))
  })

  test('configs/magos.yaml stays right when its examples are taken in', () => {
    const text = sample('configs/magos.yaml').replace(/^#(?= {2})/gm, '')
    const problems: ConfigProblem[] = []
    const { registries, stacks } = readSample(text, problems)

    expect(problems).toEqual([])
    expect(registries['git.example.org']?.credential?.username).toBe('magos')
    expect(registries['ghcr.io/team']?.credential?.username).toBe('magos')
    expect(registries['git.example.org']?.ca).toBe(labAuthority)
    expect(registries['git.example.org']?.tokenServers).toEqual(['auth.example.org'])
    expect(registries['docker.io']?.mirrors).toEqual(['harbor.lan/dockerhub'])
    expect(registries['registry.lan:5000']?.plainHttp).toBe(true)
    expect(stacks).toEqual({
      media: { directory: '/home/you/stacks/media', drift: 'report' },
    })
  })
})

describe('configs/env.sample', () => {
  test('configs/env.sample names every variable that there is, and no other', () => {
    const text = sample('configs/env.sample').replace(/^#(?=[A-Z_]+=)/gm, '')
    const { entries, problems } = parseDotenv('env.sample', text)
    const named = [...entries.keys()].map((name) =>
      name.replace(/^(MD_(?:REGISTRY_)?WEBHOOK_SECRET)_FILE$/, '$1'),
    )
    // of sops's own those that name a file: a key has no place there, and a command is not taken from there
    const keyFiles = KEY_VARIABLES.filter((name) => name.endsWith('_FILE'))
    const shown = [...PLAIN_VARIABLES, ...SECRET_VARIABLES, ...keyFiles]

    expect(problems).toEqual([])
    expect(named.toSorted()).toEqual(shown.toSorted())
  })
})

describe('units', () => {
  test.for(UNITS)('%s satisfies systemd-analyze verify without a word', (path, { skip }) => {
    skip(!hasSystemdAnalyze(), 'this machine has no systemd-analyze')
    expect(verify(path)).toBe('')
  })

  test('verify() hears what systemd-analyze says about a wrong unit', ({ skip }) => {
    skip(!hasSystemdAnalyze(), 'this machine has no systemd-analyze')
    const wrong = verify('configs/magos-dominus.service', (text) => `${text}\nNoSuchKey=1\n`)
    expect(wrong).toContain('NoSuchKey')
  })

  test.each(['configs/magos-dominus.service', 'configs/magos-sync.service'])(
    '%s starts the launcher, spares the containers, and lets rootless podman work',
    (path) => {
      const settings = sample(path)
        .split('\n')
        .filter((line) => /^[A-Z]/.test(line))

      expect(settings.filter((line) => line.startsWith('ExecStart='))).toEqual([
        `ExecStart=%h/.local/bin/magos ${path.includes('sync') ? 'sync' : 'run'}`,
      ])
      expect(settings).toEqual(expect.arrayContaining(['KillMode=process', 'Delegate=yes']))
      // each of these implies NoNewPrivileges= or a user namespace, below which newuidmap fails
      const forbidden =
        /^(?:NoNewPrivileges|LockPersonality|MemoryDenyWrite|Private|Protect|Restrict(?!art)|SystemCall|DynamicUser)/
      expect(settings.filter((line) => forbidden.test(line))).toEqual([])
    },
  )
})

describe('tunnel/cloudflared.yml', () => {
  interface Rule {
    readonly hostname?: string
    readonly path?: string
    readonly service: string
  }
  const { ingress }: { ingress: readonly Rule[] } = parse(sample('tunnel/cloudflared.yml'))

  test.each([
    ['/webhooks/github', 'http://127.0.0.1:8787'],
    ['/webhooks/github/', 'http_status:404'],
    ['/webhooks/githubx', 'http_status:404'],
    ['/x/webhooks/github', 'http_status:404'],
    ['/webhooks', 'http_status:404'],
    ['/healthz', 'http_status:404'],
    ['/', 'http_status:404'],
  ])('tunnel/cloudflared.yml leads %s to %s', (path, service) => {
    // as cloudflared does: the first rule whose expression is found in the path
    const rule = ingress.find((each) => each.path === undefined || new RegExp(each.path).test(path))
    expect(rule?.service).toBe(service)
  })

  test('tunnel/cloudflared.yml ends in a rule for everything, as cloudflared demands', () => {
    expect(ingress.at(-1)).toEqual({ service: 'http_status:404' })
  })
})

function sample(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

function readSample(text: string, problems: ConfigProblem[]) {
  return readDaemonYaml({
    file: '/magos.yaml',
    text,
    homeDirectory: '/home/you',
    readFile: (path) => (path.endsWith('.pem') ? labAuthority : 'token'),
    problems,
  })
}

function hasSystemdAnalyze(): boolean {
  return spawnSync('systemd-analyze', ['--version']).status === 0
}

/** What `systemd-analyze --user verify` says; it exits 0 even for keys that it does not know. */
function verify(path: string, change: (text: string) => string = (text) => text): string {
  const folder = mkdtempSync(join(tmpdir(), 'magos-units-'))
  try {
    for (const name of ['home/.local/bin', 'run', 'units']) {
      mkdirSync(join(folder, name), { recursive: true, mode: 0o700 })
    }
    for (const name of ['home/.local/bin/magos', 'cloudflared']) {
      writeFileSync(join(folder, name), '#!/bin/sh\n', { mode: 0o755 })
    }
    for (const unit of UNITS) {
      const text = sample(unit).replace('/usr/bin/cloudflared', join(folder, 'cloudflared'))
      const written = unit === path ? change(text) : text
      writeFileSync(join(folder, 'units', unit.replace(/.*\//, '')), written)
    }
    const unit = join(folder, 'units', path.replace(/.*\//, ''))
    const { stdout, stderr } = spawnSync('systemd-analyze', ['--user', 'verify', unit], {
      encoding: 'utf8',
      env: {
        PATH: '/usr/bin:/bin',
        HOME: join(folder, 'home'),
        XDG_RUNTIME_DIR: join(folder, 'run'),
        SYSTEMD_UNIT_PATH: `${join(folder, 'units')}:`,
      },
    })
    return stdout + stderr
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
