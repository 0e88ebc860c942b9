import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { signalContainers } from '../../../src/adapters/engine/signal.ts'
import { scriptedRun } from './scripted-run.ts'

const ID = 'a'.repeat(64)
const signal = new AbortController().signal

interface Shown {
  readonly runtime?: 'podman' | 'docker'
  /** What `inspect` prints; null where it knows of no such container. */
  readonly document: object | null
}

async function send({ runtime = 'podman', document }: Shown): Promise<readonly string[]> {
  const { run, calls } = scriptedRun((words) => {
    if (words.includes(' kill ')) return {}
    return document === null
      ? { exitCode: 125, stderr: 'Error: no such container' }
      : { stdout: JSON.stringify([document]) }
  })
  await signalContainers({ runtime, run }, [ID], 'HUP', signal)
  return calls.map(({ words }) => words)
}

/** A process whose parent has the id on its command line, as a container's monitor has; told how it ended. */
async function container() {
  const monitor = spawn('sh', ['-c', 'sleep 60 & echo $!; wait $!; echo $?', 'monitor', ID])
  const [pid]: Buffer[] = await once(monitor.stdout, 'data')
  return { pid: Number(String(pid)), monitor }
}

describe('signalContainers()', () => {
  test.each<['podman' | 'docker', string, object]>([
    ['podman', 'crun', { OCIRuntime: 'crun', HostConfig: { Runtime: 'oci' } }],
    ['podman', 'a path', { OCIRuntime: '/usr/bin/runc' }],
    ['docker', 'runc', { HostConfig: { Runtime: 'runc' } }],
    ['docker', 'containerd’s name', { HostConfig: { Runtime: 'io.containerd.runc.v2' } }],
  ])('sends it past %s to the process itself, of runtime %s', async (runtime, _title, how) => {
    const { pid, monitor } = await container()
    const asked = await send({ runtime, document: { State: { Pid: pid }, ...how } })
    expect(asked).toEqual([`${runtime} inspect --type container ${ID}`])
    const [status]: Buffer[] = await once(monitor.stdout, 'data')
    expect(String(status).trim()).toBe('129')
  })

  test.each(['runsc', 'crun-vm', 'kata-runtime', ''])(
    'leaves it to the engine where the runtime is "%s"',
    async (runtime) => {
      const { pid, monitor } = await container()
      const asked = await send({ document: { State: { Pid: pid }, OCIRuntime: runtime } })
      expect(asked.at(-1)).toBe(`podman kill --signal HUP ${ID}`)
      expect(process.kill(pid, 0)).toBe(true)
      process.kill(pid)
      await once(monitor, 'exit')
    },
  )

  test('leaves it to the engine where the process is none of the container’s', async () => {
    const document = { State: { Pid: process.pid }, OCIRuntime: 'crun' }
    expect((await send({ document })).at(-1)).toBe(`podman kill --signal HUP ${ID}`)
  })

  test('leaves it to the engine where it shows nothing', async () => {
    expect((await send({ document: null })).at(-1)).toBe(`podman kill --signal HUP ${ID}`)
  })

  test('sends nothing to one that does not run', async () => {
    const document = { State: { Pid: 0 }, OCIRuntime: 'crun' }
    expect(await send({ document })).toEqual([`podman inspect --type container ${ID}`])
  })

  test('sends it to all of them', async () => {
    const others = ['b'.repeat(64), 'c'.repeat(64)]
    const { pid, monitor } = await container()
    const { run, calls } = scriptedRun((words) => {
      const Pid = words.endsWith(ID) ? pid : 0
      const shown = words.endsWith(others[1] ?? '') ? [] : [{ State: { Pid }, OCIRuntime: 'crun' }]
      return { stdout: JSON.stringify(shown) }
    })
    await signalContainers({ runtime: 'podman', run }, [ID, ...others], 'HUP', signal)
    expect(calls.map(({ words }) => words)).toEqual([
      ...[ID, ...others].map((id) => `podman inspect --type container ${id}`),
      `podman kill --signal HUP ${others[1]}`,
    ])
    await once(monitor, 'exit')
  })
})
