import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const LAUNCHER = join(import.meta.dirname, '../../src/cli/magos.sh')
const CHECKOUT = 'magos'
const INSTALLED = 'app/node_modules/magos-dominus'

let folder: string

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'magos launcher-')))
  // what a POSIX shell script may count on, and no Node of this machine
  for (const tool of ['sh', 'dirname', 'readlink', 'cat']) link(which(tool), `tools/${tool}`)
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

describe('magos.sh', () => {
  test('magos.sh starts src/main.ts of a checkout with the Node below it', () => {
    const launcher = checkout()
    node(`${CHECKOUT}/node_modules/.bin/node`, 'v24.21.0')
    node('path/node', 'v26.1.0')

    const { stdout, status } = start(launcher, ['image', 'a b', '--json', ''])

    expect(status).toBe(0)
    expect(stdout.split('\n')).toEqual([
      `node=${at(CHECKOUT)}/node_modules/.bin/node`,
      `cwd=${folder}`,
      `cache=${folder}/home/.cache/magos-dominus`,
      'arg=--max-semi-space-size=8',
      `arg=${at(CHECKOUT)}/src/main.ts`,
      'arg=image',
      'arg=a b',
      'arg=--json',
      'arg=',
      '',
    ])
  })

  test.each([
    ['nested', `${INSTALLED}/node_modules/.bin/node`],
    ['hoisted', 'app/node_modules/.bin/node'],
  ])('magos.sh starts the bundle of an installed package with the %s Node', (_, nodePath) => {
    const launcher = installed()
    node(nodePath, 'v24.16.0')

    const { stdout } = start(launcher)

    expect(stdout).toContain(`node=${at(nodePath)}\n`)
    expect(stdout).toContain(`arg=${at(INSTALLED)}/dist/magos.mjs\n`)
    expect(stdout).toContain(`cache=${folder}/home/.cache/magos-dominus\n`)
  })

  test('magos.sh finds the hoisted Node of a scoped package', () => {
    const launcher = installed('app/node_modules/@someone/magos')
    node('app/node_modules/.bin/node', 'v24.16.0')

    expect(start(launcher).stdout).toContain(`node=${at('app/node_modules/.bin/node')}\n`)
  })

  test('magos.sh follows its own symlinks, relative and absolute ones', () => {
    const launcher = installed()
    node('app/node_modules/.bin/node', 'v24.16.0')
    link('../magos-dominus/src/cli/magos.sh', 'app/node_modules/.bin/magos')
    link(at('app/node_modules/.bin/magos'), 'home/.local/bin/magos')

    const direct = start(launcher).stdout

    expect(start(at('home/.local/bin/magos')).stdout).toBe(direct)
    expect(direct).toContain(`arg=${at(INSTALLED)}/dist/magos.mjs\n`)
  })

  test.each([
    ['does not start here', '#!/nonexistent/ld-linux.so\n'],
    ['crashes', '#!/bin/sh\nexit 1\n'],
    ['is too old', '#!/bin/sh\necho v24.15.9\n'],
    ['says nonsense', '#!/bin/sh\necho hello\n'],
  ])('magos.sh takes the Node on PATH where its own %s', (_, script) => {
    const launcher = checkout()
    write(`${CHECKOUT}/node_modules/.bin/node`, script, 0o755)
    node('path/node', 'v24.16.0')

    expect(start(launcher).stdout).toContain(`node=${at('path/node')}\n`)
  })

  test.each(['v20.20.2', 'v24.15.0', 'v9.99.99', 'v23.20.0'])(
    'magos.sh refuses Node %s with exit code 78 and says what to do',
    (version) => {
      const launcher = checkout()
      node('path/node', version)

      const { status, stdout, stderr } = start(launcher)

      expect({ status, stdout }).toEqual({ status: 78, stdout: '' })
      expect(stderr).toContain(
        `needs Node 24.16 or newer and found ${at('path/node')} (${version})`,
      )
      expect(stderr).toContain('npm ci')
    },
  )

  test.each(['v24.16.0', 'v24.100.1', 'v25.0.0', 'v26.1.0', 'v100.0.0'])(
    'magos.sh accepts Node %s',
    (version) => {
      const launcher = checkout()
      node('path/node', version)

      expect(start(launcher).status).toBe(0)
    },
  )

  test('magos.sh refuses where there is no Node at all', () => {
    const { status, stderr } = start(checkout())

    expect(status).toBe(78)
    expect(stderr).toContain('found none')
  })

  test('magos.sh refuses an installation without its bundle', () => {
    const launcher = installed()
    node('path/node', 'v24.16.0')
    rmSync(at(`${INSTALLED}/dist/magos.mjs`))

    const { status, stderr } = start(launcher)

    expect(status).toBe(78)
    expect(stderr).toContain(`cannot find ${at(INSTALLED)}/dist/magos.mjs`)
  })

  test('magos.sh changes to where npm was started, under npm run magos alone', () => {
    const launcher = checkout()
    node('path/node', 'v24.16.0')
    mkdirSync(at('my stacks'))
    const INIT_CWD = at('my stacks')

    expect(cwdOf(launcher, { INIT_CWD, npm_lifecycle_event: 'magos' })).toBe(INIT_CWD)
    expect(cwdOf(launcher, { INIT_CWD, npm_lifecycle_event: 'test' })).toBe(folder)
    expect(cwdOf(launcher, { INIT_CWD })).toBe(folder)
    expect(cwdOf(launcher, { npm_lifecycle_event: 'magos' })).toBe(folder)
  })

  test('magos.sh hands its exit code and its standard input through', () => {
    const launcher = checkout()
    write(
      'path/node',
      '#!/bin/sh\n[ "$1" = --version ] && echo v24.16.0 && exit\ncat; exit 42\n',
      0o755,
    )

    const { status, stdout } = start(launcher, [], { input: 'tags\n' })

    expect({ status, stdout }).toEqual({ status: 42, stdout: 'tags\n' })
  })

  test('magos.sh becomes Node, so that a signal reaches it and nothing stays behind', async () => {
    const launcher = checkout()
    const script = `#!/bin/sh
[ "$1" = --version ] && echo v24.16.0 && exit
trap 'echo ended; exit 0' TERM
echo "pid=$$"
read -r _
`
    write('path/node', script, 0o755)
    const child = spawn(launcher, { cwd: folder, env: environment(), timeout: 10_000 })
    let output = ''
    child.stdout.on('data', (bytes: Buffer) => {
      output += bytes.toString()
      if (output.includes('pid=') && !output.includes('ended')) child.kill('SIGTERM')
    })

    const [code] = await once(child, 'close')

    expect({ code, output }).toEqual({ code: 0, output: `pid=${String(child.pid)}\nended\n` })
  })
})

function at(path: string): string {
  return join(folder, path)
}

function write(path: string, content: string, mode = 0o644): void {
  mkdirSync(dirname(at(path)), { recursive: true })
  writeFileSync(at(path), content)
  chmodSync(at(path), mode)
}

function link(target: string, path: string): void {
  mkdirSync(dirname(at(path)), { recursive: true })
  symlinkSync(target, at(path))
}

/** A Node that tells what it was started as. */
function node(path: string, version: string): void {
  const script = `#!/bin/sh
[ "$1" = --version ] && echo ${version} && exit
echo "node=$0"
echo "cwd=$(pwd)"
echo "cache=\${NODE_COMPILE_CACHE-none}"
for arg; do echo "arg=$arg"; done
`
  write(path, script, 0o755)
}

function checkout(): string {
  write(`${CHECKOUT}/src/main.ts`, '')
  return place(CHECKOUT)
}

function installed(path = INSTALLED): string {
  write(`${path}/dist/magos.mjs`, '')
  return place(path)
}

function place(root: string): string {
  const launcher = at(`${root}/src/cli/magos.sh`)
  mkdirSync(dirname(launcher), { recursive: true })
  copyFileSync(LAUNCHER, launcher)
  return launcher
}

function environment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { PATH: `${at('path')}:${at('tools')}`, HOME: at('home'), ...more }
}

function start(
  launcher: string,
  args: readonly string[] = [],
  { env = {}, input = '' }: { env?: Readonly<Record<string, string>>; input?: string } = {},
) {
  return spawnSync(launcher, args, {
    cwd: folder,
    env: environment(env),
    input,
    encoding: 'utf8',
    timeout: 10_000,
  })
}

function cwdOf(launcher: string, env: Readonly<Record<string, string>>): string | undefined {
  return /^cwd=(.*)$/m.exec(start(launcher, [], { env }).stdout)?.[1]
}

function which(tool: string): string {
  const found = spawnSync('/bin/sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' })
  return found.stdout.trim()
}
