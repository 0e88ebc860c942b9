import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parseContent } from '../../../src/adapters/store/content-text.ts'
import { openDatabase } from '../../../src/adapters/store/database.ts'
import { createManifests } from '../../../src/adapters/store/manifests.ts'
import type { Digest } from '../../../src/domain/image-reference.ts'
import type { ImageContent } from '../../../src/ports.ts'
import { temporaryDirectory } from './temporary-store.ts'

const digest = (number: number): Digest => `sha256:${String(number).padStart(64, '0')}`
const image = 'ghcr.io/o/app'

function contentOf(mediaType: string): ImageContent {
  return { manifest: { mediaType, platforms: [] }, labels: {} }
}

function openForTest(path: string) {
  const database = openDatabase(path)
  onTestFinished(() => database.close())
  return database
}

describe('createManifests()', () => {
  test('keeps what came last, and no more than it may', () => {
    const manifests = createManifests(openForTest(join(temporaryDirectory(), 'db')), { keep: 3 })
    for (const number of [1, 2, 3, 1, 4]) manifests.keep(image, digest(number), contentOf('x'))
    const kept = [1, 2, 3, 4].filter((number) => manifests.find(image, digest(number)) !== null)
    expect(kept).toEqual([1, 3, 4])
  })

  test('keeps nothing that is larger than a manifest ever is', () => {
    const manifests = createManifests(openForTest(join(temporaryDirectory(), 'db')))
    manifests.keep(image, digest(1), contentOf('x'.repeat(40_000)))
    manifests.keep(image, digest(2), contentOf('x'.repeat(30_000)))
    expect(manifests.find(image, digest(1))).toBeNull()
    expect(manifests.find(image, digest(2))).not.toBeNull()
  })

  test('remembers over a restart, and takes a row that does not read for none', () => {
    const path = join(temporaryDirectory(), 'db')
    createManifests(openForTest(path)).keep(image, digest(1), contentOf('x'))
    const database = openForTest(path)
    const manifests = createManifests(database)
    expect(manifests.find(image, digest(1))).toEqual(contentOf('x'))
    database.connection.exec("UPDATE manifests SET content = '{'")
    expect(manifests.find(image, digest(1))).toBeNull()
    manifests.keep(image, digest(1), contentOf('y'))
    expect(manifests.find(image, digest(1))).toEqual(contentOf('y'))
  })
})

describe('parseContent()', () => {
  const platform = { os: 'linux', architecture: 'arm', variant: null, digest: digest(1) }
  const whole = { mediaType: 'x', platforms: [platform], labels: { a: 'b' } }

  test('reads what is whole', () => {
    expect(parseContent(JSON.stringify(whole))).toEqual({
      manifest: { mediaType: 'x', platforms: [platform] },
      labels: { a: 'b' },
    })
  })

  test.each([
    ['no JSON', '{'],
    ['no object', 'null'],
    ['no media type', { ...whole, mediaType: 7 }],
    ['no list of platforms', { ...whole, platforms: {} }],
    ['a platform that is none', { ...whole, platforms: [platform, null] }],
    ['a platform without a system', { ...whole, platforms: [{ ...platform, os: undefined }] }],
    ['no architecture', { ...whole, platforms: [{ ...platform, architecture: 1 }] }],
    ['a variant that is a number', { ...whole, platforms: [{ ...platform, variant: 7 }] }],
    ['a variant that is missing', { ...whole, platforms: [{ ...platform, variant: undefined }] }],
    ['no digest', { ...whole, platforms: [{ ...platform, digest: 'sha256:0' }] }],
    ['no labels', { ...whole, labels: undefined }],
    ['a list of labels', { ...whole, labels: [] }],
    ['a label that is no text', { ...whole, labels: { a: 1 } }],
  ])('refuses %s', (_, value) => {
    expect(parseContent(typeof value === 'string' ? value : JSON.stringify(value))).toBeNull()
  })
})
