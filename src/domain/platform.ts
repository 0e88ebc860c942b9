import { MagosError } from './error.ts'
import type { Digest } from './image-reference.ts'

/** What an image is built for: https://github.com/opencontainers/image-spec/blob/main/image-index.md */
export interface Platform {
  readonly os: string
  readonly architecture: string
  /** null where the architecture has none, or its usual one. */
  readonly variant: string | null
}

/** An image for one platform. */
export interface PlatformImage extends Platform {
  readonly digest: Digest
}

/** Names that machines and people use beside Go's, which images are labelled with. */
const aliases: Readonly<Record<string, string>> = {
  x86_64: 'amd64',
  x64: 'amd64',
  aarch64: 'arm64',
  armhf: 'arm/v7',
  armv7l: 'arm/v7',
  armv6l: 'arm/v6',
  i386: '386',
  i686: '386',
  ia32: '386',
}

/** What is meant where no variant is said: https://github.com/containerd/platforms */
const usualVariants: Readonly<Record<string, number>> = { amd64: 1, arm: 7, arm64: 8 }

/** Reads `linux/arm64` or `linux/arm/v7`. Throws `policy`. */
export function parsePlatform(value: unknown): Platform {
  const match =
    typeof value === 'string'
      ? /^([a-z0-9]+)\/([a-z0-9_]+)(?:\/([a-z0-9.]+))?$/.exec(value.toLowerCase())
      : null
  if (match === null) {
    const shown = (JSON.stringify(value) ?? String(value)).slice(0, 80)
    throw new MagosError('policy', `Cannot read platform ${shown}: it is none`, {
      remedy: 'write OS/ARCHITECTURE or OS/ARCHITECTURE/VARIANT, such as "linux/arm64"',
    })
  }
  const [, os = '', architecture = '', variant = ''] = match
  return platformOf(os, architecture, variant)
}

/** A platform by its names, whatever they are called; `unknown` for what is missing. */
export function platformOf(os: string, machine: string, variant = ''): Platform {
  const [architecture = '', usual = ''] = (aliases[machine] ?? machine).split('/')
  const known = variant === '' ? usual : variant
  const isUsual = known === `v${usualVariants[architecture]}`
  return {
    os: os === '' ? 'unknown' : os,
    architecture: architecture === '' ? 'unknown' : architecture,
    variant: known === '' || isUsual ? null : known,
  }
}

export function platformText({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant === null ? [] : [variant])].join('/')
}

export function isSamePlatform(a: Platform, b: Platform): boolean {
  return platformText(a) === platformText(b)
}

/** The one of the platforms that would run where `wanted` does: its own, or an older variant of it. */
export function bestFor<P extends Platform>(wanted: Platform, platforms: readonly P[]): P | null {
  const fitting = platforms.filter(
    (one) =>
      one.os === wanted.os &&
      one.architecture === wanted.architecture &&
      (one.variant === wanted.variant || variantNumber(one) < variantNumber(wanted)),
  )
  return fitting.toSorted((a, b) => variantNumber(b) - variantNumber(a))[0] ?? null
}

/** https://github.com/containerd/platforms: a processor runs what was built for earlier variants of it. */
function variantNumber({ architecture, variant }: Platform): number {
  if (variant === null) return usualVariants[architecture] ?? 0
  const [, number] = /^v([0-9]+)$/.exec(variant) ?? []
  return number === undefined ? Number.NaN : Number(number)
}
