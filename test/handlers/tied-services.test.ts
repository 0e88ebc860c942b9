import { describe, expect, it } from 'vitest'
import { driftDetected } from '../../handlers/drift-detected.ts'
import { planRequested } from '../../handlers/plan-requested.ts'
import { compose, containers, createWorld, deploy, digest, outcomes, signal } from './world.ts'
import type { World } from './world.ts'

const image = (name: string, number: number) => `ghcr.io/o/${name}@${digest(number)}`
const pair = (vpn: string, more = '') =>
  compose(
    `vpn: {image: ${vpn}}`,
    `torrent: {image: ${image('torrent', 2)}, network_mode: "service:vpn"${more}}`,
    `web: {image: ${image('web', 3)}}`,
  )

async function running(): Promise<World> {
  const world = createWorld({ 'nas/compose.yaml': pair(image('vpn', 1)) })
  expect(outcomes((await deploy(world)).deployments)).toEqual(['nas succeeded'])
  return world
}

async function mended(world: World) {
  const event = { kind: 'drift-detected', departures: [] } as const
  const { answer } = await driftDetected(world.ctx, event, signal)
  return answer.deployments
}

const states = ({ machine }: World) =>
  machine.observed('nas').map(({ service, state }) => `${service} ${state}`)

/** Calls since then that change a container. */
const acts = (world: World, since: number) =>
  world.machine.calls.slice(since).filter((call) => /^(?:up|remove|stop|restart) /.test(call))

describe('a service that uses the network of another', () => {
  it('is made anew with it, and goes first', async () => {
    const world = await running()
    const before = containers(world)
    world.git.change({ 'nas/compose.yaml': pair(image('vpn', 9)) })
    const plan = await planRequested(world.ctx, null, signal)
    expect(plan.stacks[0]?.services).toMatchObject([
      { name: 'torrent', action: 'recreate' },
      { name: 'vpn', action: 'recreate' },
      { name: 'web', action: 'keep' },
    ])
    expect(plan.stacks[0]?.services[0]?.reasons).toEqual([
      'it uses the network of "vpn", which is made anew',
    ])
    const since = world.machine.calls.length
    expect(outcomes((await deploy(world)).deployments)).toEqual(['nas succeeded'])
    expect(acts(world, since)).toEqual([`remove ${before['nas-torrent-1']}`, 'up nas vpn torrent'])
    expect(containers(world)['nas-web-1']).toBe(before['nas-web-1'])
  })

  it('comes back with it when that fails', async () => {
    const world = await running()
    world.machine.behave(image('vpn', 9), 'unhealthy')
    world.git.change({ 'nas/compose.yaml': pair(image('vpn', 9)) })
    expect(outcomes((await deploy(world)).deployments)).toEqual(['nas rolled-back'])
    expect(states(world).toSorted()).toEqual(['torrent running', 'vpn running', 'web running'])
    expect(world.machine.observed('nas').map((one) => one.image)).toContain(image('vpn', 1))
  })

  it('goes before it where it left the file', async () => {
    const world = await running()
    world.git.change({ 'nas/compose.yaml': compose(`vpn: {image: ${image('vpn', 9)}}`) })
    expect(outcomes((await deploy(world)).deployments)).toEqual(['nas succeeded'])
    expect(states(world)).toEqual(['vpn running'])
  })

  it('is started anew when that one was killed', async () => {
    const world = await running()
    const before = containers(world)
    world.machine.kill(before['nas-vpn-1'] ?? '')
    const since = world.machine.calls.length
    expect(outcomes(await mended(world))).toEqual(['nas succeeded'])
    expect(acts(world, since)).toEqual([`stop ${before['nas-torrent-1']}`, 'up nas vpn torrent'])
    expect(states(world).toSorted()).toEqual(['torrent running', 'vpn running', 'web running'])
    expect(containers(world)['nas-web-1']).toBe(before['nas-web-1'])
    expect(await mended(world)).toEqual([])
  })

  it('is started anew when a person restarted that one', async () => {
    const world = await running()
    const before = containers(world)
    await world.machine.clock.sleep(10, signal)
    await world.ctx.engine.restart([before['nas-vpn-1'] ?? ''], signal)
    const [deployment] = await mended(world)
    expect(deployment?.outcome).toBe('succeeded')
    expect(deployment?.reason).toContain('lost what it shares with nas-vpn-1')
    expect(await mended(world)).toEqual([])
  })

  it('is made anew when that one is another than what was proven', async () => {
    const world = await running()
    const before = containers(world)
    const id = before['nas-vpn-1'] ?? ''
    const found = world.machine.containers.get(id)
    if (found !== undefined)
      world.machine.containers.set(id, {
        ...found,
        labels: { ...found.labels, 'magos.hash': 'other' },
      })
    expect(outcomes(await mended(world))).toEqual(['nas succeeded'])
    expect(containers(world)['nas-torrent-1']).not.toBe(before['nas-torrent-1'])
    expect(await mended(world)).toEqual([])
  })
})

describe('a service that depends_on restarts with another', () => {
  it('is made anew when that one is', async () => {
    const shop = (db: string) =>
      compose(
        `db: {image: ${db}}`,
        `web: {image: ${image('web', 3)}, depends_on: {db: {condition: service_started, restart: true}}}`,
      )
    const world = createWorld({ 'nas/compose.yaml': shop(image('db', 1)) })
    await deploy(world)
    const before = containers(world)
    world.git.change({ 'nas/compose.yaml': shop(image('db', 9)) })
    const plan = await planRequested(world.ctx, null, signal)
    expect(plan.stacks[0]?.services[1]).toEqual({
      name: 'web',
      action: 'recreate',
      reasons: ['depends_on wants it to restart with "db", which is made anew'],
    })
    const since = world.machine.calls.length
    expect(outcomes((await deploy(world)).deployments)).toEqual(['nas succeeded'])
    expect(acts(world, since)).toEqual([`remove ${before['nas-web-1']}`, 'up nas all'])
  })
})

const of = (number: number, more: string) => `{image: ${image('app', number)}, ${more}}`

const ports = (a: number, b: number) =>
  compose(
    `a: ${of(1, `ports: ["127.0.0.1:${a}:80"]`)}`,
    `b: ${of(2, `ports: ["127.0.0.1:${b}:80"]`)}`,
    `c: ${of(3, 'ports: ["127.0.0.1:9000:80"]')}`,
  )

describe('services that take over what another one has', () => {
  it.each([
    ['a port that moves on', 8082, 8083],
    ['ports that change places', 8082, 8081],
  ])('come up with %s', async (_title, a, b) => {
    const world = createWorld({ 'nas/compose.yaml': ports(8081, 8082) })
    await deploy(world)
    const before = containers(world)
    world.git.change({ 'nas/compose.yaml': ports(a, b) })
    expect(outcomes((await deploy(world)).deployments)).toEqual(['nas succeeded'])
    const held = world.machine.observed('nas').map((one) => `${one.service} ${one.ports[0]?.port}`)
    expect(held.toSorted()).toEqual([`a ${a}`, `b ${b}`, 'c 9000'])
    expect(containers(world)['nas-c-1']).toBe(before['nas-c-1'])
  })

  it('leave to the provider what a service keeps for itself', async () => {
    const world = createWorld({ 'nas/compose.yaml': ports(8081, 8082) })
    await deploy(world)
    const since = world.machine.calls.length
    world.git.change({
      'nas/compose.yaml': ports(8081, 8082).replace(image('app', 1), image('app', 7)),
    })
    expect(outcomes((await deploy(world)).deployments)).toEqual(['nas succeeded'])
    expect(acts(world, since)).toEqual(['up nas a'])
  })

  it('get it back when they fail', async () => {
    const world = createWorld({ 'nas/compose.yaml': ports(8081, 8082) })
    await deploy(world)
    world.machine.behave(image('app', 9), 'unhealthy')
    const failing = ports(8082, 8081).replace(image('app', 2), image('app', 9))
    world.git.change({ 'nas/compose.yaml': failing })
    expect(outcomes((await deploy(world)).deployments)).toEqual(['nas rolled-back'])
    const held = world.machine.observed('nas').map((one) => `${one.service} ${one.ports[0]?.port}`)
    expect(held.toSorted()).toEqual(['a 8081', 'b 8082', 'c 9000'])
  })
})
