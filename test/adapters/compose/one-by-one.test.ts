import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { upOneByOne } from '../../../src/adapters/compose/one-by-one.ts'
import { singleService } from '../../../src/adapters/compose/single-service.ts'
import type { ObservedContainer, ObservedState } from '../../../src/domain/deployment.ts'
import type { ApplyRequest, ComposeDocument } from '../../../src/ports.ts'
import { container } from '../../domain/deploy/container.ts'

const signal = new AbortController().signal
let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mo-'))
})
afterEach(async () => {
  await rm(directory, { recursive: true })
})

const document: ComposeDocument = {
  networks: { front: { name: 'shop_front' } },
  services: {
    web: { image: 'w', depends_on: { db: { condition: 'service_healthy' } } },
    db: { image: 'd', networks: ['front'] },
    job: { image: 'j' },
  },
}

/** Looks come one after another, the last again and again. */
function driverOf(
  looks: readonly (readonly ObservedContainer[])[],
  exitCode = 0,
  deadline = 10_000,
) {
  const steps: string[] = []
  let at = 0
  async function* watch(_project: string, ending: AbortSignal): AsyncGenerator<ObservedState> {
    while (!ending.aborted) {
      await Promise.resolve()
      yield { at, containers: looks[Math.min(at, looks.length - 1)] ?? [] }
      at += 1
      if (at > looks.length) await new Promise((resolve) => void setTimeout(resolve, 5))
    }
  }
  const remove = async (ids: readonly string[]) => {
    steps.push(`remove ${ids.join(' ')}`)
    await Promise.resolve()
  }
  const up = async (service: string, file: string) => {
    const shown: ComposeDocument = JSON.parse(await readFile(file, 'utf8'))
    steps.push(`up ${service} of ${Object.keys(shown.services).join(' ')}`)
    return { exitCode, output: `${service} done\n` }
  }
  return { driver: { engine: { watch, remove }, directory, deadline, up }, steps }
}

const request = (services: ApplyRequest['services']): ApplyRequest => ({
  project: 'shop',
  home: '/srv',
  document,
  services,
})
const old = container({ id: 'w', service: 'web' })
const job = (over: Partial<ObservedContainer>) => [container({ service: 'job', ...over })]
const db = (over: Partial<ObservedContainer> = {}) => container({ id: 'd', service: 'db', ...over })

describe('upOneByOne()', () => {
  it('shows the provider one service at a time, each behind what it depends on', async () => {
    const { driver, steps } = driverOf([[], [db({ health: 'starting' })], [db()]])
    expect(await upOneByOne(driver, request('all'), signal)).toEqual({
      exitCode: 0,
      output: 'db done\nweb done\njob done\n',
    })
    expect(steps).toEqual(['up db of db', 'up web of web', 'up job of job'])
  })

  it('removes the old containers of a service that is due, and no other', async () => {
    const { driver, steps } = driverOf([[old, db()]])
    await upOneByOne(driver, request(['web']), signal)
    expect(steps).toEqual(['remove w', 'up web of web'])
  })

  it.each([
    ['is unhealthy', { health: 'unhealthy' as const }],
    ['has no health check', { health: 'none' as const }],
  ])('leaves what comes behind one that %s as it is', async (reason, over) => {
    const { driver, steps } = driverOf([[old, db(over)]])
    expect(await upOneByOne(driver, request(['web']), signal)).toEqual({
      exitCode: 1,
      output: `Service "web" waits: "db" ${reason}\n`,
    })
    expect(steps).toEqual([])
  })

  it('gives up at its deadline', async () => {
    const { driver, steps } = driverOf([[db({ health: 'starting' })]], 0, 50)
    const { exitCode, output } = await upOneByOne(driver, request(['web']), signal)
    expect(exitCode).toBe(1)
    expect(output).toContain('"db" is not healthy within')
    expect(steps).toEqual([])
  })

  it('stops at the first service that the provider does not bring up', async () => {
    const { driver, steps } = driverOf([[]], 125)
    expect(await upOneByOne(driver, request('all'), signal)).toMatchObject({ exitCode: 125 })
    expect(steps).toEqual(['up db of db'])
  })

  it('waits for a one-shot to end well', async () => {
    const once: ComposeDocument = {
      services: {
        web: { depends_on: { job: { condition: 'service_completed_successfully' } } },
        job: {},
      },
    }
    const ended = { state: 'exited', exitCode: 0 } as const
    const good = driverOf([job({}), job(ended)])
    const asked = { ...request(['web']), document: once }
    expect(await upOneByOne(good.driver, asked, signal)).toMatchObject({ exitCode: 0 })
    const bad = driverOf([job({ ...ended, exitCode: 3 })])
    expect((await upOneByOne(bad.driver, asked, signal)).output).toContain('"job" exited with 3')
  })

  it('rejects when the signal is aborted on the way', async () => {
    const { driver } = driverOf([[db({ health: 'starting' })]])
    await expect(
      upOneByOne(driver, request(['web']), AbortSignal.timeout(20)),
    ).rejects.toMatchObject({ code: 'interrupted' })
  })
})

describe('singleService()', () => {
  const stack: ComposeDocument = {
    name: 'shop',
    networks: { default: { driver: 'bridge' }, front: { name: 'f' }, back: null },
    volumes: { state: { name: 's' }, other: null },
    secrets: { key: { file: '/k' } },
    services: {
      web: {
        depends_on: ['db'],
        links: ['db'],
        networks: { front: { aliases: ['w'] } },
        volumes: [
          'state:/state:ro',
          '/srv/x:/x',
          { type: 'volume', source: 'other', target: '/o' },
        ],
        secrets: [{ source: 'key' }],
      },
      db: { image: 'd' },
      vpn: { container_name: 'my-vpn' },
      behind: { network_mode: 'service:vpn' },
      beside: { network_mode: 'service:db' },
      hosted: { network_mode: 'host' },
    },
  }
  const single = (name: string) => singleService(stack, 'shop', name)

  it('keeps what the service uses, and drops what binds it to others', () => {
    const { depends_on: _one, links: _two, ...web } = stack.services['web'] ?? {}
    expect(single('web')).toEqual({
      networks: { front: { name: 'f' } },
      volumes: { state: { name: 's' }, other: null },
      secrets: { key: { file: '/k' } },
      services: { web },
    })
  })

  it('names the default network, for the only one in a file would be taken for it', () => {
    expect(single('db')).toEqual({
      networks: { default: { driver: 'bridge' } },
      services: { db: { image: 'd', networks: ['default'] } },
    })
  })

  it('names the container of a service whose network it shares', () => {
    expect(single('behind').services['behind']).toEqual({ network_mode: 'container:my-vpn' })
    expect(single('beside').services['beside']).toEqual({ network_mode: 'container:shop_db_1' })
    expect(single('hosted')).toEqual({ services: { hosted: { network_mode: 'host' } } })
  })

  it('gives an external volume or network its own name, which 1.0.3 would put the project before', () => {
    const outside: ComposeDocument = {
      networks: { lan: { external: true } },
      volumes: { media: { external: true }, films: { external: true, name: 'f' } },
      services: { a: { networks: ['lan'], volumes: ['media:/m', 'films:/f'] } },
    }
    expect(singleService(outside, 'shop', 'a')).toMatchObject({
      networks: { lan: { name: 'lan', external: true } },
      volumes: { media: { name: 'media', external: true }, films: { name: 'f' } },
    })
  })

  it.each([
    [{ condition: 'none' }, 'no'],
    [{ condition: 'on-failure' }, 'on-failure'],
    [{ condition: 'on-failure', max_attempts: 3 }, 'on-failure:3'],
    [{ condition: 'any' }, 'always'],
    [{ delay: '5s' }, 'always'],
    [null, 'unless-stopped'],
  ])('says %j of a deployment as a restart policy, %s', (policy, expected) => {
    const service = { restart: 'unless-stopped', deploy: { restart_policy: policy } }
    const shown = singleService({ services: { a: service } }, 'shop', 'a').services['a']
    expect(shown?.['restart']).toBe(expected)
  })

  it('leaves an external secret as it is said', () => {
    const secrets = { key: { external: true } }
    const asking: ComposeDocument = { secrets, services: { a: { secrets: ['key'] } } }
    expect(singleService(asking, 'shop', 'a')).toMatchObject({ secrets })
    expect(singleService(asking, 'shop', 'a')['secrets']).toEqual(secrets)
  })

  it('lists networks of a map that says no more than their names', () => {
    const mapped = { services: { a: { networks: { one: null, two: { priority: 0 } } } } }
    const shown = singleService(mapped, 'shop', 'a').services['a']
    expect(shown).toEqual({ networks: ['one', 'two'] })
  })

  it.each(['ipc', 'pid', 'uts'])('refuses to join another by %s', (key) => {
    const joining = { services: { a: { [key]: 'service:b' }, b: {} } }
    expect(() => singleService(joining, 'shop', 'a')).toThrow(`by "${key}"`)
  })
})
