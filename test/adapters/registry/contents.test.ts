import { describe, expect, it } from 'vitest'
import { createContents } from '../../../src/adapters/registry/contents.ts'
import { MagosError } from '../../../src/domain/error.ts'
import type { Digest } from '../../../src/domain/image-reference.ts'
import type { ImageContent, Manifests } from '../../../src/ports.ts'
import { openMemoryStore } from '../../fakes/memory-store.ts'
import { silentLog } from './fixtures.ts'

const { signal } = new AbortController()
const image = 'ghcr.io/o/app'
const digest: Digest = `sha256:${'a'.repeat(64)}`
const content: ImageContent = {
  manifest: { mediaType: 'x', platforms: [] },
  labels: { a: 'b' },
}

function openManifests(): Manifests {
  return openMemoryStore({ now: () => 0 }).manifests
}

function fail(): never {
  throw new MagosError('storage', 'Write manifests: disk full')
}

/** Says how often it was read. */
function countingRead(answer: () => ImageContent = () => content) {
  let count = 0
  return {
    count: () => count,
    read: async () => {
      count += 1
      return answer()
    },
  }
}

describe('createContents()', () => {
  it('reads once, however many ask at one time and later', async () => {
    const contents = createContents(openManifests(), silentLog)
    const { read, count } = countingRead()
    const get = () => contents.get(image, digest, signal, read)
    expect(await Promise.all([get(), get()])).toEqual([content, content])
    expect(await get()).toEqual(content)
    expect(count()).toBe(1)
  })

  it('asks nobody for what an earlier process kept', async () => {
    const manifests = openManifests()
    const { read, count } = countingRead()
    await createContents(manifests, silentLog).get(image, digest, signal, read)
    const again = createContents(manifests, silentLog)
    expect(await again.get(image, digest, signal, read)).toEqual(content)
    expect(count()).toBe(1)
    await again.get('ghcr.io/o/other', digest, signal, read)
    expect(count()).toBe(2)
  })

  it('forgets the oldest where there are too many to remember', async () => {
    const contents = createContents({ find: () => null, keep: () => undefined }, silentLog)
    const { read, count } = countingRead()
    for (let number = 0; number <= 5_000; number += 1) {
      await contents.get(`ghcr.io/o/app-${number}`, digest, signal, read)
    }
    await contents.get('ghcr.io/o/app-1', digest, signal, read)
    expect(count()).toBe(5_001)
    await contents.get('ghcr.io/o/app-0', digest, signal, read)
    expect(count()).toBe(5_002)
  })

  it('keeps no failure', async () => {
    const contents = createContents(openManifests(), silentLog)
    const broken = countingRead(() => {
      throw new MagosError('network', 'Failed')
    })
    const { read } = countingRead()
    await expect(contents.get(image, digest, signal, broken.read)).rejects.toThrow('Failed')
    expect(await contents.get(image, digest, signal, read)).toEqual(content)
  })

  it('answers where the disk fails, and says so', async () => {
    const told: string[] = []
    const log = { ...silentLog, warn: (_: unknown, message: string) => void told.push(message) }
    const contents = createContents({ find: fail, keep: fail }, log)
    const { read, count } = countingRead()
    for (const _ of [1, 2]) {
      expect(await contents.get(image, digest, signal, read)).toEqual(content)
    }
    expect(count()).toBe(1)
    expect(told).toHaveLength(2)
  })
})
