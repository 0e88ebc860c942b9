import { readdirSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { asMagosError } from '../../src/domain/error.ts'
import type { ComposeDocument, ResolveRequest, StackInput } from '../../src/ports.ts'
import { bringUp, containersOf, documentOf, removeProject, signal } from './engine-host.ts'
import type { EngineHost } from './engine-host.ts'

/** What every `Compose` promises, real or in memory. */
export function composeContract(
  name: string,
  start: () => Promise<EngineHost>,
  /** A provider that cannot tell what it makes of files is read for, and then one file has to do. */
  reads: 'several files' | 'one file' = 'several files',
): void {
  describe(`Compose contract: ${name}`, () => {
    let host: EngineHost
    beforeAll(async () => {
      host = await start()
    })
    afterAll(async () => {
      await host.stop()
    })
    afterEach(() => {
      expect(readdirSync(host.runtimeDirectory)).toEqual([])
    })

    describe('provider()', () => {
      it('tells name and version', async () => {
        const provider = await host.compose.provider(null, signal)
        expect(['docker-compose', 'podman-compose']).toContain(provider.name)
        expect(provider.version).toMatch(/^\d+\.\d+/)
      })
    })

    describe('resolve()', () => {
      it('returns the services, and paths as they are on this host', async () => {
        const compose =
          'services:\n  web:\n    image: example.org/app:1\n    volumes: ["./data:/data"]\n'
        const document = await resolve(host, { texts: { 'apps/web/compose.yaml': compose } })
        expect(Object.keys(document.services)).toEqual(['web'])
        expect(document.services['web']).toMatchObject({ image: 'example.org/app:1' })
        const text = JSON.stringify(document)
        expect(text).toContain('/srv/home/data')
        expect(text).not.toContain(host.runtimeDirectory)
      })

      it('lets a later file override an earlier one, or refuses it', async () => {
        const resolving = resolve(host, {
          texts: {
            'apps/web/compose.yaml': 'services: {web: {image: "example.org/app:1"}}\n',
            'apps/web/compose.override.yaml': 'services: {web: {image: "example.org/app:2"}}\n',
          },
          files: ['apps/web/compose.yaml', 'apps/web/compose.override.yaml'],
        })
        const outcome = await resolving.then(
          (document) => String(document.services['web']?.['image']),
          (thrown: unknown) => asMagosError(thrown).place?.file,
        )
        const expected = {
          'several files': 'example.org/app:2',
          'one file': 'apps/web/compose.override.yaml',
        }
        expect(outcome).toBe(expected[reads])
      })

      it('leaves services of inactive profiles out, and tells `up` of no profile', async () => {
        const compose = [
          'services:',
          '  web: {image: "example.org/app:1"}',
          '  shell: {image: "example.org/app:1", profiles: [debug]}',
          '  meter: {image: "example.org/app:1", profiles: [metrics, all]}',
        ]
        const texts = { 'apps/web/compose.yaml': `${compose.join('\n')}\n` }
        const names = async (profiles: readonly string[]) => {
          const { services } = await resolve(host, { texts, profiles })
          expect(Object.values(services).filter((one) => 'profiles' in one)).toEqual([])
          return Object.keys(services).toSorted().join(' ')
        }
        expect(await names([])).toBe('web')
        expect(await names(['metrics'])).toBe('meter web')
        expect(await names(['debug', 'all'])).toBe('meter shell web')
      })

      it('refuses a file that does not parse, and names it', async () => {
        const texts = { 'apps/web/compose.yaml': 'services:\n  web:\n    image: [\n' }
        await expect(resolve(host, { texts })).rejects.toMatchObject({
          code: 'compose',
          place: { file: 'apps/web/compose.yaml' },
        })
      })

      it('rejects with `interrupted` when the signal is aborted', async () => {
        const request = requestOf(host.project(), {
          'apps/web/compose.yaml': 'services: {web: {image: a}}\n',
        })
        const resolving = host.compose.resolve(request, AbortSignal.abort())
        await expect(resolving).rejects.toMatchObject({ code: 'interrupted' })
      })
    })

    describe('up()', () => {
      it('creates every service, and recreates a named one alone', async () => {
        const project = host.project()
        const [old, fresh] = [await host.publish('unchecked'), await host.publish('unchecked')]
        const db = { image: old.text }
        await bringUp(host, project, documentOf({ web: { image: old.text }, db }))
        const before = await byService(host, project)
        expect(Object.keys(before)).toEqual(['db', 'web'])

        await host.engine.pull(fresh, host.pullOptions, signal)
        const document = documentOf({ web: { image: fresh.text }, db })
        const home = await host.home()
        const request = { project, home, document, services: ['web'] }
        expect(await host.compose.up(request, signal)).toMatchObject({ exitCode: 0 })
        const after = await byService(host, project)
        expect(after['db']?.id).toBe(before['db']?.id)
        expect(after['web']?.id).not.toBe(before['web']?.id)
        expect(after['web']?.digests).toContain(fresh.digest)
        await removeProject(host, project)
      })

      it('leaves what runs alone when an image is not here', async () => {
        const project = host.project()
        const image = await host.publish('unchecked')
        await bringUp(host, project, documentOf({ web: { image: image.text } }))
        const before = await byService(host, project)
        const document = documentOf({ web: { image: host.unpublished().text } })
        const request = { project, home: await host.home(), document, services: ['web'] }
        const evidence = await host.compose.up(request, signal)
        expect(evidence.exitCode).not.toBe(0)
        expect(evidence.output).toMatch(/no such image|image not known/i)
        expect((await byService(host, project))['web']?.id).toBe(before['web']?.id)
        await removeProject(host, project)
      })

      it('does nothing where no service is due', async () => {
        const project = host.project()
        const document = documentOf({ web: { image: host.unpublished().text } })
        const request = { project, home: await host.home(), document, services: [] }
        expect(await host.compose.up(request, signal)).toMatchObject({ exitCode: 0 })
        expect(await containersOf(host, project)).toEqual([])
      })
    })
  })
}

async function resolve(
  host: EngineHost,
  { texts, ...rest }: Partial<ResolveRequest> & Texts,
): Promise<ComposeDocument> {
  return await host.compose.resolve({ ...requestOf(host.project(), texts), ...rest }, signal)
}

interface Texts {
  readonly texts: Readonly<Record<string, string>>
}

/** Text files of a repository whose stack lies in apps/web. */
export function requestOf(project: string, texts: Texts['texts']): ResolveRequest {
  const inputs = Object.entries(texts).map(([path, text]): StackInput => {
    return { path, mode: '100644', content: Buffer.from(text) }
  })
  const files = ['apps/web/compose.yaml']
  const usual = { profiles: [], envFiles: null }
  return { project, inputs, directory: 'apps/web', files, home: '/srv/home', ...usual }
}

async function byService(host: EngineHost, project: string) {
  const containers = await containersOf(host, project)
  const pairs = containers.map((container) => [container.service, container] as const)
  return Object.fromEntries(pairs.toSorted(([one], [other]) => one.localeCompare(other)))
}
