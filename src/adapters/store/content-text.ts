import { isDigest } from '../../domain/image-reference.ts'
import type { PlatformImage } from '../../domain/platform.ts'
import type { ImageContent } from '../../ports.ts'

export function contentText({ manifest, labels }: ImageContent): string {
  const { mediaType, platforms } = manifest
  return JSON.stringify({ mediaType, platforms, labels })
}

/** What `contentText` wrote; null for anything else, so that the registry is asked again. */
export function parseContent(text: string): ImageContent | null {
  const { mediaType, platforms, labels } = parseObject(text)
  if (typeof mediaType !== 'string' || !Array.isArray(platforms)) return null
  const read = platforms.map(toPlatform)
  const images = read.filter((one) => one !== null)
  if (images.length < read.length || !isTexts(labels)) return null
  return { manifest: { mediaType, platforms: images }, labels }
}

type Fields = Readonly<Record<string, unknown>>

function parseObject(text: string): Fields {
  try {
    return toFields(JSON.parse(text))
  } catch {
    return {}
  }
}

function toPlatform(value: unknown): PlatformImage | null {
  const { os, architecture, variant, digest } = toFields(value)
  if (typeof os !== 'string' || typeof architecture !== 'string') return null
  if (variant !== null && typeof variant !== 'string') return null
  return typeof digest === 'string' && isDigest(digest)
    ? { os, architecture, variant, digest }
    : null
}

function isTexts(value: unknown): value is Readonly<Record<string, string>> {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isObject && Object.values(value).every((one) => typeof one === 'string')
}

function toFields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}
