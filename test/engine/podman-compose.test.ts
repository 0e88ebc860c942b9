/** Hosts without Compose v2: Debian's podman-compose, and in the long form every version that is driven differently. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Digest } from '../../src/domain/image-reference.ts'
import { composeContract } from '../contracts/compose.ts'
import { runMagos } from '../lab/daemon.ts'
import { startRealHost } from '../lab/engine/host.ts'
import {
  debianPodmanCompose,
  debianReads,
  podmanCompose,
  VERSIONS,
} from '../lab/engine/podman-compose.ts'
import { startHomelab, type Homelab } from '../lab/homelab.ts'
import { definedStack } from './change-definitions.ts'
import { containersOf, git } from './look.ts'

const isLong = process.env['MAGOS_LONG'] === '1'

describeProvider('Debian’s podman-compose', debian)

const contracts = [['Debian’s podman-compose', debian] as const]
describe.each(isLong ? contracts : [])('%s', (name, bring) => {
  composeContract(name, async () => startRealHost({ provider: await bring() }), debianReads())
})

describe.each(isLong ? VERSIONS : [])('podman-compose %s', (version) => {
  const bring = () => Promise.resolve(podmanCompose(version))
  composeContract(version, async () => startRealHost({ provider: await bring() }))
  describeProvider(version, bring)
})

/** What 1.0.3 leaves out or cannot do, by the stack that asks for it. */
const REFUSED: Readonly<Record<string, readonly [words: string, definition: string]>> = {
  volume: [
    'Make volume "data": podman-compose 1.0.3 knows nothing of "driver_opts"',
    'volumes: ["data:/data"]}\nvolumes: {data: {driver_opts: {type: none, o: bind, device: /etc}}}',
  ],
  subnet: [
    'Make network "one": podman-compose 1.0.3 knows nothing of "ipam.config"',
    'networks: [one]}\nnetworks: {one: {ipam: {config: [{subnet: 10.233.1.0/24}]}}}',
  ],
  mtu: [
    'Make network "default": podman-compose 1.0.3 knows nothing of "driver_opts"',
    'init: true}\nnetworks: {default: {driver_opts: {mtu: "1400"}}}',
  ],
  alias: [
    'Join service "web" to network "one": podman-compose 1.0.3 knows nothing of "aliases"',
    'networks: {one: {aliases: [zed]}}}\nnetworks: {one: {}}',
  ],
  host: ['podman-compose 1.0.3 cannot give it network_mode "host"', 'network_mode: host}'],
  none: ['podman-compose 1.0.3 cannot give it network_mode "none"', 'network_mode: none}'],
  shared: [
    'podman-compose 1.0.3 cannot give it network_mode "service:other"',
    'network_mode: "service:other"}\n  other: {image: IMAGE}',
  ],
}

describe.each(isLong && debianReads() === 'one file' ? ['1.0.3'] : [])(
  'networks and volumes of a stack by podman-compose %s',
  () => {
    let lab: Homelab
    beforeAll(async () => {
      lab = await startHomelab({ triggers: 'polling' })
    })
    afterAll(async () => {
      await lab.close()
    })

    test('are refused before anything is made where it would leave out what they need, and the others made', async () => {
      const digest = await lab.push('app', '1', { serves: 'one', health: 'none' })
      const image = `${lab.image('app')}@${digest}`
      const file = (definition: string) =>
        `services:\n  web: {image: "${image}", ${definition.replace('IMAGE', `"${image}"`)}\n`
      const plain =
        'init: true, volumes: ["media:/media"], networks: {one: , two: {}}}\nvolumes: {media: {external: true}}\nnetworks: {one: , two: {}}'
      const stacks = Object.entries(REFUSED).map(
        ([name, [, definition]]) => [`${name}/compose.yaml`, file(definition)] as const,
      )
      const files = { ...Object.fromEntries(stacks), 'plain/compose.yaml': file(plain) }
      await lab.engine.cli(['volume', 'create', 'media'])
      const mounted = ['--rm', '--tls-verify=false', '-v', 'media:/media', image]
      await lab.engine.cli(['run', ...mounted, 'sh', '-c', 'echo film >/media/one'])
      const env = lab.environment({
        MD_REPO: await lab.localRepository('checked-out', files),
        PODMAN_COMPOSE_PROVIDER: await debian(),
      })
      const { code, stdout } = await runMagos(['sync', '--json'], { env })
      expect(code).toBe(1)
      const told = new Map<string, unknown>()
      for (const one of JSON.parse(stdout).deployments) told.set(one.stack, one)
      for (const [name, [words]] of Object.entries(REFUSED)) {
        expect(told.get(name)).toMatchObject({
          outcome: 'failed',
          reason: expect.stringContaining(words),
          remedy: expect.stringContaining('Install Docker Compose v2'),
        })
      }
      expect(told.get('plain')).toMatchObject({ outcome: 'succeeded' })
      const listed = async (...args: readonly string[]) =>
        (await lab.engine.cli(args)).split('\n').toSorted()
      expect(await listed('ps', '-a', '--format', '{{.Names}}')).toEqual(['plain_web_1'])
      expect(await listed('volume', 'ls', '-q')).toEqual(['media'])
      expect(await listed('network', 'ls', '--format', '{{.Name}}')).toEqual([
        'plain_one',
        'plain_two',
        'podman',
      ])
      expect(await lab.engine.cli(['exec', 'plain_web_1', 'cat', '/media/one'])).toBe('film')
    })
  },
)

function debian(): Promise<string> {
  return Promise.resolve(debianPodmanCompose())
}

function compose(image: string, digest: Digest): string {
  return `services:
  web:
    image: ${image}:1@${digest}
    init: true
    depends_on: {side: {condition: service_healthy}}
    environment: {GREETING: "\${GREETING:-hello}, it costs $$5"}
    volumes: ["./data:/data", "state:/state"]
  side:
    image: ${image}:0
    init: true
volumes: {state: }
`
}

function describeProvider(name: string, provider: () => Promise<string>): void {
  describe(`a stack by ${name}`, () => {
    let lab: Homelab
    let repository: string
    let env: Record<string, string>
    let good: Digest

    beforeAll(async () => {
      lab = await startHomelab({ triggers: 'polling' })
      await lab.push('app', '0', { serves: 'side' })
      good = await lab.push('app', '1', { serves: 'one' })
      repository = await lab.localRepository('checked-out', {
        'shop/compose.yaml': compose(lab.image('app'), good),
        'shop/data/keep': 'tracked\n',
      })
      env = lab.environment({ MD_REPO: repository, PODMAN_COMPOSE_PROVIDER: await provider() })
    })
    afterAll(async () => {
      await lab.close()
    })

    async function sync() {
      const { stdout, stderr } = await runMagos(['sync', '--json'], { env })
      return { answer: JSON.parse(stdout), stderr }
    }

    test('is deployed, one service behind the other, and its limits are told', async () => {
      const { answer, stderr } = await sync()
      expect(answer.deployments).toMatchObject([{ stack: 'shop', outcome: 'succeeded' }])
      expect(stderr).toContain('podman-compose')
      const { web } = await containersOf(lab.engine, 'shop')
      expect(web).toMatchObject({ state: 'running', health: 'healthy' })
      const inside = await lab.engine.cli(['exec', web?.id ?? '', 'env'])
      expect(inside).toContain('GREETING=hello, it costs $5\n')
    })

    test('runs again as it was where a new image fails, and its neighbour was left alone', async () => {
      const before = await containersOf(lab.engine, 'shop')
      const bad = await lab.push('app', '2', { serves: 'two', health: 'failing' })
      await commit(repository, compose(lab.image('app'), bad))
      const { answer } = await sync()
      expect(answer.deployments).toMatchObject([{ stack: 'shop', outcome: 'rolled-back' }])
      const after = await containersOf(lab.engine, 'shop')
      expect(after['web']).toMatchObject({ state: 'running', health: 'healthy' })
      expect(after['web']?.digests).toContain(good)
      expect(after['web']?.id).not.toBe(before['web']?.id)
      expect(after['side']?.id).toBe(before['side']?.id)
    })

    test.each(isLong ? ['its volume'] : [])(
      'is held for %s, and its network is made anew',
      async () => {
        const stack = await definedStack({ lab, repository, env, volume: 'labels: {kept: "yes"}' })
        expect(await stack.holdsForItsVolume()).toEqual({ web: 'same', db: 'same', side: 'same' })
        expect(await stack.makesItsNetworkAnew()).toEqual({
          web: 'another',
          db: 'another',
          side: 'same',
        })
        expect(await stack.comesBackWithItsNetwork()).toEqual(['running', 'running', 'running'])
        expect(await stack.bringsBackWhatWasDisconnected()).toEqual({
          web: 'another',
          db: 'same',
          side: 'same',
        })
      },
    )
  })
}

async function commit(repository: string, content: string): Promise<void> {
  await writeFile(join(repository, 'shop/compose.yaml'), content)
  const person = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com']
  await git(repository, ...person, 'commit', '-qam', 'feat: take the next one')
}
