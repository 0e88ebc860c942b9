/** A network that broke under running containers heals: a real engine as root, whose bridges and rules are the suite's own. */
import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort, type LabDaemon } from '../lab/daemon.ts'
import { chosenRuntime } from '../lab/engine/chosen.ts'
import { startHomelab, type Homelab } from '../lab/homelab.ts'
import { containersOf, eventually } from './look.ts'

const run = promisify(execFile)
/** An ordinary user's bridges lie in a namespace that only podman enters. */
const isRoot = process.getuid?.() === 0
const isDocker = chosenRuntime() === 'docker'

let lab: Homelab
let daemon: LabDaemon
let port: number

/** Whether an answer comes: podman itself takes connections where nothing forwards them. */
async function serves(): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(500)
    return (await fetch(`http://127.0.0.1:${port}/`, { signal })).ok
  } catch {
    return false
  }
}

/** Whether the name server of podman's bridges lives. */
async function answersNames(): Promise<boolean> {
  const text = await readFile('/run/containers/networks/aardvark-dns/aardvark.pid', 'utf8')
  const comm = await readFile(`/proc/${text.trim()}/comm`, 'utf8').catch(() => '')
  return comm.startsWith('aardvark')
}

async function bridge(): Promise<string> {
  const text = await lab.engine.cli(['network', 'inspect', 'shop_default'])
  const [network]: readonly { readonly network_interface: string }[] = JSON.parse(text)
  return network?.network_interface ?? ''
}

type Fault = readonly [string, () => Promise<unknown>, () => Promise<boolean>]

const faults: readonly Fault[] = [
  ['flushed firewall rules', () => run('nft', ['flush', 'ruleset']), serves],
  ['a killed name server', killNameServer, answersNames],
  ['a deleted bridge', async () => run('ip', ['link', 'delete', await bridge()]), serves],
]

/** What docker leaves broken. Its rules and its name server are its own daemon's to keep. */
const dockerFaults: readonly Fault[] = [['a killed proxy of a published port', killProxy, serves]]

/** How often the daemon put a network right. A look from outside would miss what is broken for less than a sweep. */
function timesHealed(): number {
  return daemon.lines.filter(({ message }) => message.startsWith('Network put right')).length
}

async function killNameServer(): Promise<void> {
  const text = await readFile('/run/containers/networks/aardvark-dns/aardvark.pid', 'utf8')
  process.kill(Number(text), 'SIGKILL')
}

async function killProxy(): Promise<void> {
  const { stdout } = await run('pgrep', ['-f', `docker-proxy .*-host-port ${port} `])
  for (const pid of stdout.trim().split('\n')) process.kill(Number(pid), 'SIGKILL')
}

describe.skipIf(!isRoot)('the network of running containers', () => {
  beforeAll(async () => {
    lab = await startHomelab({ triggers: 'polling' })
    port = await freePort()
    const digest = await lab.push('app', '1.0.0', { serves: 'one' })
    const image = `${lab.image('app')}:1.0.0@${digest}`
    const content = `services:
  web:
    image: ${image}
    init: true
    stop_grace_period: 1s
    ports: ['127.0.0.1:${port}:8080']
  side:
    image: ${image}
    init: true
    stop_grace_period: 1s
`
    const { commit } = await lab.repository.commit([{ path: 'shop/compose.yaml', content }])
    const config = String(lab.environment()['MD_CONFIG'])
    await writeFile(config, 'settle: 1s\ndeadline: 30s\nsweep: 1s\n')
    daemon = await lab.start({ MD_POLL_INTERVAL: '1h' })
    const { state } = await lab.status(commit, 'magos/attic/shop')
    if (state !== 'success') throw new Error(`Expected the stack to run: ${state}`)
  })
  afterAll(async () => {
    await lab.close()
  })

  test.each(isDocker ? dockerFaults : faults)(
    'heals after %s, by the same containers',
    async (_title, act, isWell) => {
      await eventually(isWell, (well) => well)
      const before = await containersOf(lab.engine, 'shop')
      const healed = timesHealed()
      await act()
      // What cannot be connected anew is started anew, but not before it was up for a minute.
      await eventually(timesHealed, (times) => times > healed, 100_000)
      await eventually(isWell, (well) => well)
      const after = await containersOf(lab.engine, 'shop')
      expect(after['web']).toMatchObject({ id: before['web']?.id, state: 'running' })
      expect(after['side']).toMatchObject({ id: before['side']?.id, state: 'running' })
    },
  )
})
