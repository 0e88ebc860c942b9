import { createHash } from 'node:crypto'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createHttp } from '../../../src/host/http.ts'
import type { Digest } from '../../../src/domain/image-reference.ts'
import { makeImage, type Image } from '../../lab/registry/image.ts'
import { pushMade } from '../../lab/registry/push.ts'
import { startRegistry } from '../../lab/registry/registry.ts'
import { registryWith } from './fixtures.ts'

const signal = AbortSignal.timeout(20_000)

async function read(image: Image) {
  const lab = await startRegistry({})
  const http = createHttp()
  onTestFinished(async () => {
    await http.close()
    await lab.close()
  })
  await pushMade({ url: lab.url }, 'team/app', ['1'], image)
  const registry = registryWith(http, null)
  const name = { registry: lab.host, repository: 'team/app' }
  return {
    ask: () => registry.manifest(name, image.root.digest, signal),
    labels: () => registry.labels(name, image.root.digest, signal),
    requests: () => registry.requests(),
    lab,
  }
}

/** The same image below an index of one's own making. */
function withIndex(image: Image, manifests: readonly unknown[]): Image {
  const mediaType = 'application/vnd.oci.image.index.v1+json'
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests }))
  const digest: Digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
  return { ...image, root: { mediaType, bytes, digest } }
}

describe('createRegistry().manifest()', () => {
  it.each(['oci', 'docker'] as const)(
    'reads the platform of a single %s image out of its configuration',
    async (format) => {
      const image = makeImage({ format, platforms: ['linux/arm/v6'] })
      const { ask } = await read(image)
      expect((await ask()).platforms).toEqual([
        { os: 'linux', architecture: 'arm', variant: 'v6', digest: image.root.digest },
      ])
    },
  )

  it('reads usual variants as none, whatever they are called', async () => {
    const platforms = ['linux/arm64/v8', 'linux/arm/v7', 'linux/amd64']
    const { ask } = await read(makeImage({ platforms }))
    const read3 = (await ask()).platforms.map(({ architecture, variant }) => [
      architecture,
      variant,
    ])
    expect(read3).toEqual([
      ['arm64', null],
      ['arm', null],
      ['amd64', null],
    ])
  })

  it('takes attestations and nonsense for no platforms', async () => {
    const image = makeImage({ platforms: ['linux/amd64'], index: 'always' })
    const [child] = image.children
    const entry = { mediaType: child?.mediaType, digest: child?.digest, size: 1 }
    const { ask } = await read(
      withIndex(image, [
        { ...entry, platform: { os: 'linux', architecture: 'amd64' } },
        { ...entry, platform: { os: 'unknown', architecture: 'unknown' } },
        { ...entry, platform: { os: 'linux' } },
        { ...entry, digest: 'sha256:0', platform: { os: 'linux', architecture: 's390x' } },
        entry,
        7,
      ]),
    )
    expect((await ask()).platforms).toEqual([
      { os: 'linux', architecture: 'amd64', variant: null, digest: child?.digest },
    ])
  })

  it('refuses bytes that are not those of the digest', async () => {
    const { ask, lab } = await read(makeImage())
    lab.faults.add({ path: /manifests/, answer: { status: 200, body: '{"manifests":[]}' } })
    await expect(ask()).rejects.toMatchObject({
      code: 'protocol',
      message: expect.stringContaining('hashes to'),
    })
    expect((await ask()).platforms).toHaveLength(1)
  })
})

describe('createRegistry().labels()', () => {
  it('costs nothing once the manifest was read', async () => {
    const image = makeImage({ config: { Labels: { a: 'b' } } })
    const { ask, labels, requests } = await read(image)
    await ask()
    const before = requests()
    expect(await labels()).toEqual({ a: 'b' })
    expect(requests()).toBe(before)
  })

  it('keeps what the specification names, and of the rest what there is room for', async () => {
    const others = Object.fromEntries(
      Array.from({ length: 20 }, (_, index) => [`other-${index}`, 'x'.repeat(1_000)]),
    )
    const source = { 'org.opencontainers.image.source': 'https://github.com/o/app' }
    const odd = { long: 'x'.repeat(2_001), number: 7 }
    const { labels } = await read(
      makeImage({ config: { Labels: { ...others, ...odd, ...source } } }),
    )
    const kept = await labels()
    expect(kept).toMatchObject(source)
    expect(Object.keys(kept)).toHaveLength(8)
    expect(JSON.stringify(kept).length).toBeLessThan(9_000)
  })
})
