import { join } from 'node:path'
import { ensurePrivateDirectory, readFileSafely, writeFileSafely } from '../../host/files.ts'
import type { Log } from '../../ports.ts'
import type { Content } from './target.ts'

/** What we wrote into a stable directory; lies outside of it. */
export interface Manifest {
  readonly home: string
  readonly laid: ReadonlyMap<string, Content>
  /** Directories that we made, and may remove when they are empty. */
  readonly made: readonly string[]
  /** What a call was about to do; null when every call came to its end. */
  readonly pending: Pending | null
}

export interface Pending {
  /** In the names of temporary files. */
  readonly tokens: readonly string[]
  /** What may stand at a path because of it. */
  readonly files: ReadonlyMap<string, readonly Content[]>
  /** Where a person's bytes are kept. */
  readonly asides: readonly Aside[]
}

export interface Aside {
  readonly path: string
  readonly savedAs: string
}

/** Reads what we wrote there; of another home, or unreadable, it is as if we had written nothing. */
export async function loadManifest(path: string, home: string, log: Log): Promise<Manifest> {
  const nothing: Manifest = { home, laid: new Map(), made: [], pending: null }
  const bytes = await readFileSafely(path)
  if (bytes === null) return nothing
  const manifest = parseManifest(Buffer.from(bytes).toString('utf8'))
  if (manifest === null) {
    log.warn({ manifest: path }, 'Manifest is unreadable: files that differ are kept beside')
    return nothing
  }
  if (manifest.home === home) return manifest
  log.info({ from: manifest.home, to: home }, 'Stack has a new directory; the old one stays')
  return nothing
}

export async function saveManifest(path: string, manifest: Manifest): Promise<void> {
  await ensurePrivateDirectory(join(path, '..'))
  await writeFileSafely(path, `${JSON.stringify(serialize(manifest))}\n`, 0o600)
}

function serialize({ home, laid, made, pending }: Manifest) {
  return {
    version: 1,
    home,
    laid: Object.fromEntries(laid),
    made,
    pending: pending === null ? null : { ...pending, files: Object.fromEntries(pending.files) },
  }
}

function parseManifest(text: string): Manifest | null {
  try {
    const value: unknown = JSON.parse(text)
    if (!isRecord(value) || value['version'] !== 1) return null
    const { home, laid, made, pending } = value
    if (typeof home !== 'string' || !isRecord(laid) || !isTexts(made)) return null
    const contents = Object.entries(laid).filter(isContentEntry)
    return { home, laid: new Map(contents), made, pending: parsePending(pending) }
  } catch {
    return null
  }
}

function parsePending(value: unknown): Pending | null {
  if (!isRecord(value)) return null
  const { tokens, files, asides } = value
  if (!isTexts(tokens) || !isRecord(files) || !Array.isArray(asides)) return null
  const contents = Object.entries(files).map(
    ([path, list]) => [path, Array.isArray(list) ? list.filter(isContent) : []] as const,
  )
  return { tokens, files: new Map(contents), asides: asides.filter(isAside) }
}

function isContentEntry(entry: [string, unknown]): entry is [string, Content] {
  return isContent(entry[1])
}

function isContent(value: unknown): value is Content {
  if (!isRecord(value) || typeof value['digest'] !== 'string') return false
  return ['100644', '100755', '120000'].includes(String(value['mode']))
}

function isAside(value: unknown): value is Aside {
  return (
    isRecord(value) && typeof value['path'] === 'string' && typeof value['savedAs'] === 'string'
  )
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string')
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
