import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MagosError } from '../../src/domain/error.ts'
import { startTimeOf } from '../../src/host/process-group.ts'
import { childEnvironment, createRunChild, endLeftovers } from '../../src/host/process.ts'

const signal = new AbortController().signal
const run = createRunChild({ environment: process.env, grace: 300 })
let directory: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mp-'))
})
afterAll(async () => {
  await rm(directory, { recursive: true, force: true })
})

describe('createRunChild()', () => {
  it('returns a non-zero exit with both outputs', async () => {
    const script = 'echo out; echo err >&2; exit 7'
    expect(await run('sh', ['-c', script], { signal })).toMatchObject({
      outcome: 'exited',
      exitCode: 7,
      stdout: 'out\n',
      stderr: 'err\n',
    })
  })

  it('returns stdout as bytes too', async () => {
    const result = await run('printf', ['\\377\\000'], { signal })
    expect([...result.stdoutBytes]).toEqual([0xff, 0x00])
  })

  it('writes the input, and gives no input where there is none', async () => {
    expect((await run('cat', [], { signal, input: 'in' })).stdout).toBe('in')
    expect(await run('cat', [], { signal })).toMatchObject({ exitCode: 0, stdout: '' })
  })

  it('never gives arguments to a shell', async () => {
    expect((await run('echo', ['$HOME;', '`id`'], { signal })).stdout).toBe('$HOME; `id`\n')
  })

  it('answers `absent` for a program that is not there or cannot be executed', async () => {
    const file = join(directory, 'data')
    await writeFile(file, 'x', { mode: 0o600 })
    for (const program of ['no-such-program-here', '/no/such/program', file]) {
      expect(await run(program, [], { signal })).toMatchObject({
        outcome: 'absent',
        exitCode: null,
      })
    }
  })

  it('throws for a working directory that is not there', async () => {
    const running = run('true', [], { signal, cwd: '/no/such/directory' })
    await expect(running).rejects.toThrow(MagosError)
    await expect(running).rejects.toThrow(
      'Run "true" in "/no/such/directory": there is no such directory',
    )
  })

  it('answers `killed` for a child that somebody else ended', async () => {
    expect(await run('sh', ['-c', 'kill -9 $$'], { signal })).toMatchObject({
      outcome: 'killed',
      exitCode: null,
    })
  })

  it('keeps the first bytes of a flood and lets the child end', async () => {
    const script = 'head -c 3000000 /dev/zero; echo done >&2'
    const result = await run('sh', ['-c', script], { signal, maxOutput: 1000 })
    expect(result.stdoutBytes.length).toBe(1000)
    expect(result).toMatchObject({ outcome: 'exited', exitCode: 0, stderr: 'done\n' })
  })

  it('does not wait for ever for a grandchild that keeps the output open', async () => {
    const began = performance.now()
    const result = await run('sh', ['-c', 'sleep 60 & echo $!; exit 3'], { signal })
    expect(performance.now() - began).toBeLessThan(5_000)
    expect(result).toMatchObject({ outcome: 'exited', exitCode: 3 })
    process.kill(Number(result.stdout), 'SIGKILL')
  })

  it('ends the whole group at the time-out, grandchildren included', async () => {
    const script = 'sleep 60 & echo $!; wait'
    const result = await run('sh', ['-c', script], { signal, timeout: 200 })
    expect(result).toMatchObject({ outcome: 'timed-out', exitCode: null })
    expect(startTimeOf(Number(result.stdout))).toBeNull()
  })

  it('kills what ignores TERM after the grace', async () => {
    const script = 'trap "" TERM; echo $$; while :; do sleep 0.05; done'
    const result = await run('sh', ['-c', script], { signal, timeout: 100 })
    expect(result.outcome).toBe('timed-out')
    expect(startTimeOf(Number(result.stdout))).toBeNull()
  })

  it('ends the group when the signal is aborted', async () => {
    const controller = new AbortController()
    const running = run('sh', ['-c', 'echo $$; sleep 60'], { signal: controller.signal })
    await sleep(100)
    controller.abort()
    const result = await running
    expect(result).toMatchObject({ outcome: 'cancelled', exitCode: null })
    expect(startTimeOf(Number(result.stdout))).toBeNull()
  })

  it('starts nothing when the signal is aborted already', async () => {
    const file = join(directory, 'never')
    const result = await run('touch', [file], { signal: AbortSignal.abort() })
    expect(result.outcome).toBe('cancelled')
    await expect(readFile(file)).rejects.toThrow('ENOENT')
  })

  it('gives children the allowed variables, the call’s own, and nothing else', async () => {
    const environment = { PATH: process.env['PATH'], HOME: '/h', SECRET: 's', NOTIFY_SOCKET: 'n' }
    const scrubbed = createRunChild({ environment })
    const { stdout } = await scrubbed('env', [], { signal, env: { MINE: '1', HOME: '/other' } })
    const lines = stdout.trim().split('\n').toSorted()
    expect(lines).toEqual(['HOME=/other', 'MINE=1', `PATH=${process.env['PATH'] ?? ''}`])
  })

  it('journals every child with its start time, and its end', async () => {
    const told: unknown[] = []
    const journalled = createRunChild({
      environment: process.env,
      journal: {
        started: (pid, startTime, command) =>
          told.push({ command, same: startTimeOf(pid) === startTime }),
        ended: () => told.push('ended'),
      },
    })
    await journalled('sleep', ['0.05'], { signal })
    await journalled('no-such-program-here', [], { signal })
    expect(told).toEqual([{ command: 'sleep', same: true }, 'ended'])
  })

  it('ends a child that could not be journalled', async () => {
    const pids: number[] = []
    const journalled = createRunChild({
      environment: process.env,
      journal: {
        started: (pid) => {
          pids.push(pid)
          throw new Error('disk full')
        },
        ended: () => undefined,
      },
    })
    await expect(journalled('sleep', ['60'], { signal })).rejects.toThrow('disk full')
    expect(pids.map(startTimeOf)).toEqual([null])
  })
})

describe('childEnvironment()', () => {
  it('keeps proxy variables in both cases and everything of CONTAINERS_', () => {
    const environment = {
      http_proxy: 'a',
      HTTPS_PROXY: 'b',
      no_proxy: 'c',
      CONTAINERS_CONF: 'd',
      CONTAINER_HOST: 'e',
      DOCKER_HOST: 'f',
      XDG_RUNTIME_DIR: undefined,
      GITHUB_APP_PRIVATE_KEY: 'x',
      INVOCATION_ID: 'x',
      NODE_OPTIONS: 'x',
    }
    expect(Object.keys(childEnvironment(environment)).join(' ')).toBe(
      'http_proxy HTTPS_PROXY no_proxy CONTAINERS_CONF CONTAINER_HOST DOCKER_HOST',
    )
  })
})

describe('endLeftovers()', () => {
  it('ends the same process with its group and spares a reused pid', async () => {
    const mine = spawn('sh', ['-c', 'sleep 60 & wait'], { detached: true, stdio: 'ignore' })
    const other = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' })
    const [pid = 0, otherPid = 0] = [mine.pid, other.pid]
    const entries = [
      { pid, startTime: startTimeOf(pid) ?? 0 },
      { pid: otherPid, startTime: (startTimeOf(otherPid) ?? 0) - 1 },
      { pid: 4_194_303, startTime: 1 },
    ]
    expect(await endLeftovers(entries, { grace: 500 })).toEqual([entries[0]])
    expect(startTimeOf(pid)).toBeNull()
    expect(startTimeOf(otherPid)).not.toBeNull()
    process.kill(otherPid, 'SIGKILL')
  })
})
