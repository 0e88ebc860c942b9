import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Digest } from '../../src/domain/image-reference.ts'
import type { ImageContent, Manifests } from '../../src/ports.ts'

const digest = (hex: string): Digest => `sha256:${hex.repeat(64)}`
const index: ImageContent = {
  manifest: {
    mediaType: 'application/vnd.oci.image.index.v1+json',
    platforms: [
      { os: 'linux', architecture: 'amd64', variant: null, digest: digest('c') },
      { os: 'linux', architecture: 'arm', variant: 'v6', digest: digest('d') },
    ],
  },
  labels: {},
}
const single: ImageContent = {
  manifest: { mediaType: 'text/x', platforms: [] },
  labels: { 'org.opencontainers.image.source': 'https://github.com/o/app', __proto__x: 'ä "1"' },
}

/** What every `Manifests` must do. */
export function manifestsContract(
  name: string,
  open: () => { readonly manifests: Manifests; close(): void },
): void {
  describe(`Manifests contract: ${name}`, () => {
    let subject: { readonly manifests: Manifests; close(): void }
    let manifests: Manifests
    beforeEach(() => {
      subject = open()
      manifests = subject.manifests
    })
    afterEach(() => subject.close())

    test('find() is null for what was never kept', () => {
      expect(manifests.find('ghcr.io/o/app', digest('a'))).toBeNull()
    })

    test('find() returns what keep() was given, platforms in their order', () => {
      manifests.keep('ghcr.io/o/app', digest('a'), index)
      manifests.keep('ghcr.io/o/app', digest('b'), single)
      expect(manifests.find('ghcr.io/o/app', digest('a'))).toEqual(index)
      expect(manifests.find('ghcr.io/o/app', digest('b'))).toEqual(single)
    })

    test('find() tells repositories apart, so that nobody learns what another holds', () => {
      manifests.keep('ghcr.io/o/app', digest('a'), index)
      expect(manifests.find('ghcr.io/o/other', digest('a'))).toBeNull()
    })

    test('keep() may come twice', () => {
      manifests.keep('ghcr.io/o/app', digest('a'), single)
      manifests.keep('ghcr.io/o/app', digest('a'), index)
      expect(manifests.find('ghcr.io/o/app', digest('a'))).toEqual(index)
    })
  })
}
