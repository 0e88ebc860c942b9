import type { Digest } from '../../../src/domain/image-reference.ts'
import { digestOf } from './store.ts'
import { type TarFile, writeTar } from './tar.ts'

export interface ImageOptions {
  /** Files of its only layer, by path. Default: one file that holds `version`. */
  readonly files?: Readonly<Record<string, TarFile>>
  /** Two images of different versions have different digests. */
  readonly version?: string
  /** What runs in it: `Cmd`, `Env`, `Labels`, `Healthcheck` (docker's format only) and so on. */
  readonly config?: Readonly<Record<string, unknown>>
  /** `OS/ARCHITECTURE` each; more than one, or `index: 'always'`, makes an index. Default: this machine's. */
  readonly platforms?: readonly string[]
  readonly index?: 'always' | 'as-needed'
  /** Podman keeps health checks in docker's format alone. */
  readonly format?: 'oci' | 'docker'
  readonly annotations?: Readonly<Record<string, string>>
}

export interface Blob {
  readonly digest: Digest
  readonly bytes: Uint8Array
}

export interface Manifest extends Blob {
  readonly mediaType: string
}

/** An image with every byte that has to be pushed; the same options make the same digests. */
export interface Image {
  readonly blobs: readonly Blob[]
  /** Manifests of its platforms, when there is an index above them. */
  readonly children: readonly Manifest[]
  /** What a tag names. */
  readonly root: Manifest
}

export function makeImage(options: ImageOptions = {}): Image {
  const { platforms = [hostPlatform()], index = 'as-needed', format = 'oci' } = options
  const made = platforms.map((platform) => makePlatform(platform, options))
  const blobs = made.flatMap((one) => one.blobs)
  const [first] = made
  if (first === undefined) throw new Error('An image needs a platform')
  if (made.length === 1 && index === 'as-needed')
    return { blobs, children: [], root: first.manifest }
  const children = made.map(({ manifest }) => manifest)
  const manifests = children.map((manifest, position) => ({
    ...describe(manifest, manifest.mediaType),
    platform: splitPlatform(platforms[position] ?? ''),
  }))
  const mediaType = mediaTypes[format].index
  const root = manifestOf(mediaType, { schemaVersion: 2, mediaType, manifests })
  return { blobs, children, root }
}

const mediaTypes = {
  oci: {
    index: 'application/vnd.oci.image.index.v1+json',
    manifest: 'application/vnd.oci.image.manifest.v1+json',
    config: 'application/vnd.oci.image.config.v1+json',
    layer: 'application/vnd.oci.image.layer.v1.tar',
  },
  docker: {
    index: 'application/vnd.docker.distribution.manifest.list.v2+json',
    manifest: 'application/vnd.docker.distribution.manifest.v2+json',
    config: 'application/vnd.docker.container.image.v1+json',
    layer: 'application/vnd.docker.image.rootfs.diff.tar',
  },
} as const

// Layers stay uncompressed: deflate's bytes depend on the zlib of the day, and so would the digests.
function makePlatform(platform: string, options: ImageOptions) {
  const { version = '1', config = {}, format = 'oci', annotations } = options
  const { files = { 'etc/version': { content: `${version}\n` } } } = options
  const types = mediaTypes[format]
  const layer = blobOf(writeTar(files))
  const document = {
    created: '2024-01-01T00:00:00Z',
    ...splitPlatform(platform),
    config,
    rootfs: { type: 'layers', diff_ids: [layer.digest] },
    history: [{ created: '2024-01-01T00:00:00Z', created_by: `version ${version}` }],
  }
  const configBlob = blobOf(Buffer.from(JSON.stringify(document)))
  const manifest = manifestOf(types.manifest, {
    schemaVersion: 2,
    mediaType: types.manifest,
    config: describe(configBlob, types.config),
    layers: [describe(layer, types.layer)],
    ...(annotations === undefined ? {} : { annotations }),
  })
  return { blobs: [layer, configBlob], manifest }
}

function splitPlatform(platform: string) {
  const [os = 'linux', architecture = 'amd64', variant] = platform.split('/')
  return { os, architecture, ...(variant === undefined ? {} : { variant }) }
}

function hostPlatform(): string {
  return `linux/${process.arch === 'x64' ? 'amd64' : process.arch}`
}

function blobOf(bytes: Uint8Array): Blob {
  return { digest: digestOf(bytes), bytes }
}

function manifestOf(mediaType: string, document: unknown): Manifest {
  return { ...blobOf(Buffer.from(JSON.stringify(document))), mediaType }
}

function describe({ digest, bytes }: Blob, mediaType: string) {
  return { mediaType, digest, size: bytes.byteLength }
}
