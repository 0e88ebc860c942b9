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
