/** `npm run demo` as users start it, to its end, to an interruption, and without an engine. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const DEMO = join(import.meta.dirname, '../demo')

let files: string
let runtime: string

beforeEach(async () => {
  files = await mkdtemp('/tmp/md-')
  runtime = await mkdtemp('/dev/shm/md-')
})
afterEach(async () => {
  for (const directory of [files, runtime]) await rm(directory, { recursive: true })
})

function start(script: string, args: readonly string[] = []) {
  const env = { ...process.env, TMPDIR: files, XDG_RUNTIME_DIR: runtime, FORCE_COLOR: undefined }
  const child = spawn(process.execPath, [join(DEMO, script), ...args], { env })
  let output = ''
  const heard: (() => void)[] = []
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += String(chunk)
      for (const listener of heard) listener()
    })
  }
  return {
    interrupt: () => child.kill('SIGINT'),
    /** Resolves to the output once it holds this text. */
    says: (text: string) =>
      new Promise<string>((resolve) => {
        const look = () => (output.includes(text) ? resolve(output) : undefined)
        heard.push(look)
        look()
      }),
    async ended() {
      await once(child, 'close')
      return { code: child.exitCode, output }
    },
  }
}

/** Files and processes that have one of our directories in their name. */
async function leftovers(): Promise<readonly string[]> {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const commands = await Promise.all(
    names.map((name) => readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '')),
  )
  const running = commands.filter((text) => text.includes(files) || text.includes(runtime))
  return [...running, ...(await readdir(files)), ...(await readdir(runtime))]
}

/** Phases of the timeline's rows between two headings. */
function phases(output: string, from: string, to: string): readonly string[] {
  const part = output.slice(output.indexOf(`\n${from}`), output.indexOf(`\n${to}`))
  return [...part.matchAll(/^ +[+-]\d+\.\d\d s +[\d.]+ m?s {2}(\w+)/gm)].map(
    ([, name = '']) => name,
  )
}

const LOOP = ['publish', 'webhook', 'decision', 'commit', 'push', 'deploy', 'health', 'status']

describe('the demo', () => {
  test('plays the loop three times, the last of it broken, and leaves nothing behind', async () => {
    const { code, output } = await start('run.ts').ended()
    expect(output).toContain('Done in ')
    expect(code).toBe(0)
    expect(phases(output, '1.', '2.')).toEqual(['start', 'deploy', 'health', 'status'])
    expect(phases(output, '2.', '3.')).toEqual(LOOP)
    expect(phases(output, '3.', '4.')).toEqual(LOOP)
    expect(phases(output, '4.', 'The end')).toEqual([
      ...LOOP.slice(0, -1),
      'rollback',
      'status',
      'revert',
    ])
    expect(output.match(/^ {2}[-+] {4}image: \S+@sha256:[0-9a-f]{64} /gm)).toHaveLength(6)
    expect(output.match(/→ "hello 1\.[0-3]\.0"/g)).toEqual(
      ['1.0.0', '1.1.0', '1.2.0', '1.2.0'].map((tag) => `→ "hello ${tag}"`),
    )
    expect(output).toContain('magos/attic/hello is "failure" in GitHub: service "web" is unhealthy')
    expect(output).toMatch(/remembered .*not tried again/)
    expect(output).not.toContain('\u001b')
    expect(await leftovers()).toEqual([])
  })

  test('takes everything down when it is interrupted', async () => {
    const demo = start('run.ts')
    await demo.says('magos run is process')
    demo.interrupt()
    const { code, output } = await demo.ended()
    expect(output).toContain('taken down')
    expect(output).toContain('Interrupted after')
    expect(code).toBe(130)
    expect(await leftovers()).toEqual([])
  })

  test('tells what it would have run where there is no engine', async () => {
    const demo = start('perform.ts', ['--registry', 'in-process', '--no-engine', 'so it is'])
    const { code, output } = await demo.ended()
    expect(code).toBe(0)
    expect(phases(output, '2.', '3.')).toEqual(LOOP.slice(0, 6))
    expect(output).toMatch(/\$ podman pull .*\/acme\/hello@sha256:[0-9a-f]{64}\n/)
    expect(output).toMatch(/\$ docker-compose -p hello .* up -d --pull never\n/)
    expect(output).toContain('started the last good version again')
    expect(await leftovers()).toEqual([])
  })

  test('fails when a step does, and takes everything down all the same', async () => {
    const demo = start('perform.ts', ['--registry', 'in-process', '--no-engine', 'so it is'])
    const said = await demo.says('2. An image is published')
    process.kill(Number(/magos run is process (\d+)/.exec(said)?.[1]), 'SIGKILL')
    const { code, output } = await demo.ended()
    expect(output).toContain('Step failed:')
    expect(output).not.toContain('4. A broken version')
    expect(code).toBe(1)
    expect(await leftovers()).toEqual([])
  })
})
