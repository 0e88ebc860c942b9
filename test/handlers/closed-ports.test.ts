import { describe, expect, it } from 'vitest'
import type { Context } from '../../handlers/context.ts'
import { doctorRequested } from '../../handlers/doctor-requested.ts'
import { planRequested } from '../../handlers/plan-requested.ts'
import { createMemoryPrerequisites } from '../fakes/memory-prerequisites.ts'
import { compose, containers, createWorld, deploy, digest, signal } from './world.ts'

const image = (n: number) => `ghcr.io/o/web@${digest(n)}`
const web = (n: number, port: number) =>
  compose(`web: {image: ${image(n)}, ports: ["${port}:8080"]}`)
const REASON =
  'Deploy service "web": it publishes port 80, and this host lets an ordinary user listen from 1024 on'
const REMEDY =
  "Let it have the port: echo 'net.ipv4.ip_unprivileged_port_start=80' | sudo tee -a /etc/sysctl.d/50-magos.conf && sudo sysctl --system; or publish it at 1024 or above"

/** The same world with another engine. */
async function asEngine(
  ctx: Context,
  over: { readonly name?: 'docker'; readonly rootless?: false },
): Promise<Context> {
  const info = { ...(await ctx.engine.info(signal)), ...over }
  return { ...ctx, engine: { ...ctx.engine, info: async () => Promise.resolve(info) } }
}

/** What the doctor says of ports. */
async function ports(ctx: Context): Promise<readonly string[]> {
  const doctor = {
    ...ctx,
    prerequisites: createMemoryPrerequisites(),
    openEngine: async () => Promise.resolve({ ...ctx, runtime: 'podman' as const }),
    openRepository: async () => Promise.resolve({ ...ctx, reporters: null }),
    clockUrl: null,
    webhook: 'unneeded' as const,
    patience: () => new AbortController().signal,
  }
  const { checks } = await doctorRequested(doctor, 'look', signal)
  return checks.filter(({ name }) => name === 'ports').map(({ status }) => status)
}

describe('a port that an ordinary user may not have', () => {
  it('is refused before anything is touched, in the plan and in the deployment', async () => {
    const world = createWorld({ 'shop/compose.yaml': web(1, 8080) })
    await deploy(world)
    const before = containers(world)
    world.git.change({ 'shop/compose.yaml': web(2, 80) })
    const { refused } = await planRequested(world.ctx, null, signal)
    expect(refused).toEqual([{ stack: 'shop', reason: REASON, remedy: REMEDY }])
    const { reports } = await deploy(world)
    expect(JSON.stringify(reports)).toContain('publishes port 80')
    expect(containers(world)).toEqual(before)
    expect(world.machine.calls.filter((call) => call.startsWith('up'))).toHaveLength(1)
  })

  it.each([{ rootless: false }, { name: 'docker' }] as const)(
    'may be had with %j',
    async (over) => {
      const world = createWorld({ 'shop/compose.yaml': web(1, 80) })
      const { refused } = await planRequested(await asEngine(world.ctx, over), null, signal)
      expect(refused).toEqual([])
    },
  )

  it('may be had once the kernel says so, and asks no engine above', async () => {
    const world = createWorld(
      { 'shop/compose.yaml': web(1, 80) },
      { machine: { firstPort: () => 80 } },
    )
    expect((await planRequested(world.ctx, null, signal)).refused).toEqual([])
    expect(world.machine.calls).not.toContain('info')
  })

  it('may be had where a container has one already', async () => {
    const world = createWorld(
      { 'shop/compose.yaml': web(1, 80) },
      { machine: { firstPort: () => 0 } },
    )
    await deploy(world)
    world.git.change({ 'shop/compose.yaml': web(2, 81) })
    const ctx = { ...world.ctx, machine: { ...world.ctx.machine, firstPort: () => 1024 } }
    expect((await planRequested(ctx, null, signal)).refused).toEqual([])
  })

  it('is told by the doctor, to podman of an ordinary user alone', async () => {
    const world = createWorld({ 'shop/compose.yaml': web(1, 80) })
    expect(await ports(world.ctx)).toEqual(['fail'])
    expect(await ports(await asEngine(world.ctx, { rootless: false }))).toEqual([])
    const open = createWorld(
      { 'shop/compose.yaml': web(1, 80) },
      { machine: { firstPort: () => 0 } },
    )
    await deploy(open)
    expect(await ports(open.ctx)).toEqual(['ok'])
  })
})
