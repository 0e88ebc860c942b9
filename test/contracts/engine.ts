import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { withEvent } from '../../src/domain/deploy/departure.ts'
import type { ContainerEvent } from '../../src/domain/container-event.ts'
import { parseImageReference } from '../../src/domain/image-reference.ts'
import { bringUp, containersOf, documentOf, removeProject, signal, until } from './engine-host.ts'
import type { EngineHost } from './engine-host.ts'

async function follow(host: EngineHost, seen: ContainerEvent[], ending: AbortSignal) {
  for await (const event of host.engine.events(ending)) seen.push(event)
}

async function soon(isSo: () => boolean): Promise<void> {
  await expect.poll(isSo, { timeout: 15_000, interval: 20 }).toBe(true)
}

/** What every `Engine` promises, real or in memory. */
export function engineContract(name: string, start: () => Promise<EngineHost>): void {
  describe(`Engine contract: ${name}`, () => {
    let host: EngineHost
    beforeAll(async () => {
      host = await start()
    })
    afterAll(async () => {
      await host.stop()
    })

    describe('info()', () => {
      it('tells name, version and platform', async () => {
        const info = await host.engine.info(signal)
        expect(['podman', 'docker']).toContain(info.name)
        expect(info.version).toMatch(/^\d+\.\d+/)
        expect(info.os).toBe('linux')
        expect(['amd64', 'arm64']).toContain(info.architecture)
      })

      it('rejects with `interrupted` when the signal is aborted', async () => {
        await expect(host.engine.info(AbortSignal.abort())).rejects.toMatchObject({
          code: 'interrupted',
        })
      })
    })

    describe('pull() and has()', () => {
      it('brings an image by its digest', async () => {
        const image = await host.publish('healthy')
        expect(await host.engine.has(image, signal)).toBe(false)
        expect(await host.engine.pull(image, host.pullOptions, signal)).toEqual({
          outcome: 'pulled',
        })
        expect(await host.engine.has(image, signal)).toBe(true)
      })

      it('returns the engine’s words for an image that cannot be had', async () => {
        const outcome = await host.engine.pull(host.unpublished(), host.pullOptions, signal)
        expect(outcome).toMatchObject({ outcome: 'failed', reason: expect.stringMatching(/\w/) })
        expect(await host.engine.has(host.unpublished(), signal)).toBe(false)
      })
    })

    describe('nameless() and reconnect()', () => {
      it('find nothing wrong with containers that are well, or cannot do it, and leave them running', async () => {
        const project = host.project()
        const image = await host.publish('unchecked')
        await bringUp(
          host,
          project,
          documentOf({ web: { image: image.text }, db: { image: image.text } }),
        )
        const before = await containersOf(host, project)
        const ids = before.map(({ id }) => id)
        expect(await host.engine.nameless(ids, signal)).toEqual([])
        const refused = await host.engine.reconnect(ids, signal)
        // docker has no way that keeps addresses and aliases, and says so of each.
        const { name: engine } = await host.engine.info(signal)
        expect([...refused.keys()]).toEqual(engine === 'docker' ? ids : [])
        const after = await containersOf(host, project)
        const starts = (list: typeof before) => list.map(({ id, startedAt }) => [id, startedAt])
        expect(starts(after)).toEqual(starts(before))
        await removeProject(host, project)
      })

      it('say why a container that is gone was not connected, and know nothing of its names', async () => {
        const gone = 'f'.repeat(64)
        expect([...(await host.engine.reconnect([gone], signal)).keys()]).toEqual([gone])
        expect(await host.engine.nameless([], signal)).toEqual([])
      })
    })

    describe('removeImage()', () => {
      it('removes what nobody uses, and keeps what a container uses', async () => {
        const project = host.project()
        const [idle, used] = [await host.publish('unchecked'), await host.publish('unchecked')]
        await host.engine.pull(idle, host.pullOptions, signal)
        await bringUp(host, project, documentOf({ web: { image: used.text } }))
        expect(await host.engine.removeImage(idle, signal)).toBe('removed')
        expect(await host.engine.has(idle, signal)).toBe(false)
        expect(await host.engine.removeImage(idle, signal)).toBe('removed')
        expect(await host.engine.removeImage(used, signal)).toBe('kept')
        expect(await containersOf(host, project)).toMatchObject([{ state: 'running' }])
        await removeProject(host, project)
      })
    })

    describe('tag()', () => {
      it('names the image of a container, and says where there is no such image', async () => {
        const project = host.project()
        const image = await host.publish('unchecked')
        await bringUp(host, project, documentOf({ web: { image: image.text } }))
        const [container] = await until(host, project, ([one]) => one !== undefined)
        const tagged = parseImageReference(`localhost/${project}/tagged:1`)
        expect(container?.imageId).toMatch(/^[0-9a-f]{64}$/)
        expect(await host.engine.has(tagged, signal)).toBe(false)
        expect(await host.engine.tag(container?.imageId ?? '', tagged.text, signal)).toBe('tagged')
        expect(await host.engine.has(tagged, signal)).toBe(true)
        expect(await host.engine.tag('f'.repeat(64), tagged.text, signal)).toBe('gone')
        await removeProject(host, project)
      })
    })

    describe('observe()', () => {
      it('shows a container with its project, service, digest, labels and restart policy', async () => {
        const project = host.project()
        const image = await host.publish('unchecked')
        const before = Date.now()
        const web = { image: image.text, restart: 'always', labels: { mine: 'yes' } }
        await bringUp(host, project, documentOf({ web }))
        const [container, ...others] = await until(
          host,
          project,
          ([one]) => one?.state === 'running',
        )
        expect(others).toEqual([])
        expect(container).toMatchObject({ project, service: 'web', health: 'none', exitCode: 0 })
        expect(container).toMatchObject({ restartCount: 0, restarts: 'always' })
        expect(container?.labels).toMatchObject({ mine: 'yes' })
        expect(container?.name).toContain(project)
        expect(container?.digests).toContain(image.digest)
        expect(container?.image).toContain(image.repository)
        expect(container?.startedAt).toBeGreaterThan(before - 2_000)
        expect(container?.startedAt).toBeLessThan(Date.now() + 2_000)
        await removeProject(host, project)
      })

      it('shows a container that ended with its exit code', async () => {
        const project = host.project()
        const image = await host.publish('exits')
        await bringUp(host, project, documentOf({ job: { image: image.text } }))
        const [container] = await until(host, project, ([one]) => one?.state === 'exited')
        expect(container).toMatchObject({ exitCode: 7, restarts: 'no', restartCount: 0 })
        await removeProject(host, project)
      })
    })

    describe('watch()', () => {
      it('shows a checked container becoming healthy', async () => {
        const project = host.project()
        const image = await host.publish('healthy')
        await bringUp(host, project, documentOf({ web: { image: image.text } }))
        const [container] = await until(host, project, ([one]) => one?.health === 'healthy')
        expect(container?.state).toBe('running')
        await removeProject(host, project)
      })

      it('shows a container whose check fails becoming unhealthy', async () => {
        const project = host.project()
        const image = await host.publish('unhealthy')
        await bringUp(host, project, documentOf({ web: { image: image.text } }))
        const [container] = await until(host, project, ([one]) => one?.health === 'unhealthy')
        expect(container?.state).toBe('running')
        await removeProject(host, project)
      })

      it('shows a crash loop by its restarts', async () => {
        const project = host.project()
        const image = await host.publish('exits')
        await bringUp(host, project, documentOf({ web: { image: image.text, restart: 'always' } }))
        const [container] = await until(host, project, ([one]) => (one?.restartCount ?? 0) >= 3)
        expect(container?.restarts).toBe('always')
        await removeProject(host, project)
      })

      it('shows one project only, and time goes on', async () => {
        const [one, other] = [host.project(), host.project()]
        const image = await host.publish('unchecked')
        const document = documentOf({ web: { image: image.text } })
        await bringUp(host, one, document)
        await bringUp(host, other, document)
        const times: number[] = []
        await until(host, one, (containers, state) => {
          expect(containers.map(({ project }) => project)).toEqual([one])
          return times.push(state.at) === 3
        })
        expect(times.toSorted((a, b) => a - b)).toEqual(times)
        await removeProject(host, one)
        await removeProject(host, other)
      })

      it('ends without an error when its signal is aborted', async () => {
        const controller = new AbortController()
        let looks = 0
        for await (const state of host.engine.watch(host.project(), controller.signal)) {
          expect(state.containers).toEqual([])
          looks += 1
          controller.abort()
        }
        expect(looks).toBe(1)
      })
    })

    describe('definitions() and containersOn()', () => {
      it('show what a provider made, and who hangs on it, and nothing of what is not there', async () => {
        const project = host.project()
        const image = await host.publish('unchecked')
        const web = { image: image.text, networks: ['back'], volumes: ['rows:/rows'] }
        const networks = { back: { internal: true, labels: { mark: 'n' } } }
        const volumes = { rows: { labels: { mark: 'v' } } }
        await bringUp(host, project, { ...documentOf({ web }), networks, volumes })
        const [network, volume] = [`${project}_back`, `${project}_rows`]
        const names = { network: [`${project}_gone`, network], volume: [volume, `${project}_gone`] }
        const shown = await host.engine.definitions(names, signal)
        const label = { 'com.docker.compose.project': project }
        expect(shown).toMatchObject([
          { kind: 'network', name: network, driver: 'bridge', labels: { ...label, mark: 'n' } },
          { kind: 'volume', name: volume, driver: 'local', labels: { ...label, mark: 'v' } },
        ])
        expect(shown[0]?.network?.internal).toBe(true)
        const [container] = await containersOf(host, project)
        expect(container?.networks).toEqual([network])
        expect([...(await host.engine.containersOn(network, signal))]).toEqual([
          [container?.id, container?.name],
        ])
        await removeProject(host, project)
        expect(await host.engine.containersOn(network, signal)).toEqual(new Map())
        expect(await host.engine.removeNetworks(project, signal)).toEqual([network])
        expect(await host.engine.definitions({ network: [network], volume: [] }, signal)).toEqual(
          [],
        )
      })
    })

    describe('remove() and removeNetworks()', () => {
      it('stops and removes by id, one that is gone is fine, and what is left keeps its network', async () => {
        const project = host.project()
        const image = await host.publish('unchecked')
        const service = { image: image.text }
        await bringUp(host, project, documentOf({ gone: service, kept: service }))
        const containers = await containersOf(host, project)
        const id = containers.find(({ service: named }) => named === 'gone')?.id ?? ''
        await host.engine.remove([id], signal)
        await host.engine.remove([id, 'f'.repeat(64)], signal)
        const left = await containersOf(host, project)
        expect(left.map(({ service: named }) => named)).toEqual(['kept'])
        await host.byHand.kill(left[0]?.id ?? '')
        expect(await host.engine.removeNetworks(project, signal)).toEqual([])
        await removeProject(host, project)
        expect(await containersOf(host, project)).toEqual([])
        expect(await host.engine.removeNetworks(project, signal)).toEqual([`${project}_default`])
        expect(await host.engine.removeNetworks(project, signal)).toEqual([])
        await host.engine.remove([], signal)
      })
    })

    describe('stop()', () => {
      it('ends a crash loop for good, and one that is gone is fine', async () => {
        const project = host.project()
        const image = await host.publish('exits')
        await bringUp(host, project, documentOf({ web: { image: image.text, restart: 'always' } }))
        const [loop] = await until(host, project, ([one]) => (one?.restartCount ?? 0) >= 1)
        await host.engine.stop([loop?.id ?? '', 'f'.repeat(64)], signal)
        const starts = new Set<number>()
        const times: number[] = []
        await until(host, project, ([one], { at }) => {
          expect(one).toMatchObject({ id: loop?.id, state: 'exited' })
          starts.add(one?.startedAt ?? 0)
          return times.push(at) >= 4
        })
        expect(starts.size).toBe(1)
        await host.engine.stop([], signal)
        await removeProject(host, project)
      })
    })

    describe('restart() and kill()', () => {
      it('keep the container, and one that is gone is fine', async () => {
        const project = host.project()
        const image = await host.publish('unchecked')
        await bringUp(host, project, documentOf({ web: { image: image.text } }))
        const [before] = await until(host, project, ([one]) => one?.state === 'running')
        const ids = [before?.id ?? '', 'f'.repeat(64)]
        await host.engine.kill(ids, 'WINCH', signal)
        expect(await containersOf(host, project)).toMatchObject([
          { id: before?.id, state: 'running', startedAt: before?.startedAt },
        ])
        await host.engine.restart(ids, signal)
        const [after] = await until(
          host,
          project,
          ([one]) => (one?.startedAt ?? 0) > (before?.startedAt ?? 0),
        )
        expect(after).toMatchObject({ id: before?.id, state: 'running' })
        await host.engine.stop(ids, signal)
        await host.engine.kill(ids, 'HUP', signal)
        await host.engine.restart(ids, signal)
        await until(host, project, ([one]) => one?.state === 'running')
        await removeProject(host, project)
      })
    })

    describe('kill()', () => {
      it('is no beginning of a stop: what crashes later is started again, and what is stopped later was stopped', async () => {
        const project = host.project()
        const image = (await host.publish('unchecked')).text
        const service = { image, restart: 'unless-stopped' }
        await bringUp(host, project, documentOf({ crashed: service, stopped: service }))
        const running = await until(
          host,
          project,
          (all) => all.length === 2 && all.every(({ state }) => state === 'running'),
        )
        const id = (web: string) => running.find(({ service: one }) => one === web)?.id ?? ''
        const seen: ContainerEvent[] = []
        const ending = new AbortController()
        const following = follow(host, seen, ending.signal)
        onTestFinished(() => ending.abort())
        await host.engine.kill([id('crashed'), id('stopped')], 'WINCH', signal)
        await host.byHand.crash(id('crashed'))
        await until(
          host,
          project,
          (all) =>
            all.find((one) => one.service === 'crashed' && one.state === 'running')
              ?.restartCount === 1,
        )
        await host.byHand.stop(id('stopped'))
        const ended = await until(host, project, (all) =>
          all.some(({ state }) => state === 'exited'),
        )
        const how = (events: readonly ContainerEvent[]) =>
          events.reduce(withEvent, []).flatMap((one) => (one.project === project ? [one] : []))
        const told = [{ container: id('stopped'), project, service: 'stopped', how: 'stopped' }]
        await soon(() => how(seen).some((one) => one.how === 'stopped'))
        expect(how(seen)).toEqual(told)
        const down = ended.filter(({ state }) => state === 'exited')
        expect(how(await host.engine.pastEvents(down, signal))).toEqual(told)
        ending.abort()
        await following
        await removeProject(host, project)
      })
    })

    describe('events() and pastEvents()', () => {
      it('tell what people do with containers of compose projects, a stop apart from a kill and a crash', async () => {
        const project = host.project()
        const image = (await host.publish('unchecked')).text
        const all = ['a', 'b', 'c', 'd']
        const seen: ContainerEvent[] = []
        const ending = new AbortController()
        const following = follow(host, seen, ending.signal)
        onTestFinished(() => ending.abort())
        await bringUp(
          host,
          project,
          documentOf(Object.fromEntries(all.map((one) => [one, { image }]))),
        )
        const kinds = (service: string) =>
          seen
            .filter((one) => one.project === project && one.service === service)
            .map(({ kind }) => kind)
        await soon(() => all.every((one) => kinds(one).includes('started')))
        const ids = new Map((await containersOf(host, project)).map((one) => [one.service, one.id]))
        const id = (service: string) => ids.get(service) ?? ''
        await host.byHand.stop(id('a'))
        await host.byHand.kill(id('b'))
        await host.byHand.remove(id('c'))
        await host.byHand.crash(id('d'))
        await soon(() => kinds('a').includes('stopped') && kinds('c').includes('removed'))
        await soon(() => kinds('b').includes('died') && kinds('d').includes('died'))
        expect(kinds('a')).toContain('died')
        expect(kinds('a')).not.toContain('removed')
        expect(kinds('b')).toContain('killed')
        expect(kinds('b')).not.toContain('stopped')
        const own = seen.filter((one) => one.project === project)
        expect(own).toEqual(
          own.map(({ kind, service }) => ({ kind, service, project, container: id(service) })),
        )
        ending.abort()
        await following
        const ended = await containersOf(host, project)
        expect(ended.map(({ state }) => state)).toEqual(['exited', 'exited', 'exited'])
        const past = await host.engine.pastEvents(ended, signal)
        const how = past.reduce(withEvent, [])
        expect(Object.fromEntries(how.map((one) => [one.service, one.how]))).toEqual({
          a: 'stopped',
          b: 'killed',
          d: 'died',
        })
        expect(how.map(({ container }) => container).toSorted()).toEqual(
          ['a', 'b', 'd'].map(id).toSorted(),
        )
        expect(await host.engine.pastEvents([], signal)).toEqual([])
        await removeProject(host, project)
        expect(await host.engine.pastEvents(ended, signal)).toEqual(expect.any(Array))
      })
    })

    describe('checkOutput()', () => {
      it('returns what a failed check said, and nothing of a healthy or gone one', async () => {
        const project = host.project()
        const [ill, well] = [await host.publish('unhealthy'), await host.publish('healthy')]
        const healthcheck = {
          test: ['CMD-SHELL', 'echo no answer; exit 1'],
          interval: '500ms',
          retries: 1,
        }
        const services = { ill: { image: ill.text, healthcheck }, well: { image: well.text } }
        await bringUp(host, project, documentOf(services))
        const seen = await until(
          host,
          project,
          (all) => all.length === 2 && all.every(({ health }) => health.endsWith('healthy')),
        )
        const said = async (wanted: string) => {
          const id = seen.find(({ service }) => service === wanted)?.id ?? ''
          return await host.engine.checkOutput(id, signal)
        }
        expect([await said('ill'), await said('well')]).toEqual(['no answer', ''])
        await removeProject(host, project)
        expect(await said('ill')).toBe('')
      })
    })

    describe('logs()', () => {
      it('returns the last lines, and none of a container that is gone', async () => {
        const project = host.project()
        const image = await host.publish('exits')
        await bringUp(host, project, documentOf({ job: { image: image.text } }))
        const [container] = await until(host, project, ([one]) => one?.state === 'exited')
        const id = container?.id ?? ''
        expect(await host.engine.logs(id, 1, signal)).toBe('going down\n')
        expect(await host.engine.logs(id, 10, signal)).toBe('coming up\ngoing down\n')
        await removeProject(host, project)
        expect(await host.engine.logs(id, 10, signal)).toBe('')
      })
    })
  })
}
