import type { SealedPaths } from '../../domain/compose/sealed.ts'
import type { FileMode } from '../../domain/revision.ts'
import type { Stack } from '../../domain/stack.ts'
import type { LastGoodState } from '../../ports.ts'

/** A kept state with the names of its files' bytes in place of them. */
export type Manifest = Omit<LastGoodState, 'files' | 'untracked'> & {
  readonly files: readonly {
    readonly path: string
    readonly mode: FileMode
    readonly oid: string
    readonly bytes: string
  }[]
  readonly untracked: readonly { readonly path: string; readonly bytes: string }[]
}

/** The manifest of a state, as it lies on the disk. */
export function formatManifest(
  state: LastGoodState,
  digestOf: (content: Uint8Array) => string,
): string {
  const manifest: Manifest = {
    ...state,
    files: state.files.map(({ content, ...file }) => ({ ...file, bytes: digestOf(content) })),
    untracked: state.untracked.map(({ path, content }) => ({ path, bytes: digestOf(content) })),
  }
  return `${JSON.stringify({ version: 1, ...manifest })}\n`
}

/** Reads it; null for what is none, or was written by a Magos that knew more. */
export function parseManifest(text: string): Manifest | null {
  try {
    const value: unknown = JSON.parse(text)
    return isManifest(value) ? plain(value) : null
  } catch {
    return null
  }
}

/** Without what else stands in the file. */
function plain(manifest: Manifest): Manifest {
  const { stack, project, commit, inputs, tracked, sealed, provider } = manifest
  const { services, files, untracked, images, at } = manifest
  return {
    stack,
    project,
    commit,
    inputs,
    tracked,
    sealed,
    provider,
    services,
    files,
    untracked,
    images,
    at,
  }
}

function isManifest(value: unknown): value is Manifest {
  if (!isRecord(value) || value['version'] !== 1) return false
  const { stack, project, commit, inputs, tracked, provider, at, services, images } = value
  const { files, untracked, sealed } = value
  return (
    isStack(stack) &&
    isSealed(sealed) &&
    [project, commit, inputs, tracked].every((one) => typeof one === 'string') &&
    (provider === 'docker-compose' || provider === 'podman-compose') &&
    typeof at === 'number' &&
    isTexts(services) &&
    isRecord(images) &&
    Object.values(images).every(isImage) &&
    Array.isArray(files) &&
    files.every(isFile) &&
    Array.isArray(untracked) &&
    untracked.every(isUntracked)
  )
}

function isStack(value: unknown): value is Stack {
  if (!isRecord(value)) return false
  const { name, directory, files, hosts, options } = value
  if (!isRecord(options)) return false
  if (typeof name !== 'string' || typeof directory !== 'string') return false
  return isList(files) && (hosts === null || isList(hosts))
}

function isSealed(value: unknown): value is SealedPaths {
  if (!isRecord(value)) return false
  const { files, mounts } = value
  if (!isRecord(files) || !isList(mounts)) return false
  return Object.values(files).every((reach) => reach === 'users' || reach === 'all')
}

function isImage(value: unknown): boolean {
  return isRecord(value) && typeof value['id'] === 'string' && typeof value['name'] === 'string'
}

const MODES: ReadonlySet<unknown> = new Set(['100644', '100755', '120000', '160000'])

function isFile(value: unknown): boolean {
  return isUntracked(value) && isRecord(value) && MODES.has(value['mode'])
}

/** Bytes are named by their digest: a name that is none leads nowhere. */
function isUntracked(value: unknown): boolean {
  if (!isRecord(value) || typeof value['path'] !== 'string') return false
  return typeof value['bytes'] === 'string' && /^[0-9a-f]{64}$/u.test(value['bytes'])
}

function isList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string')
}

function isTexts(value: unknown): value is Readonly<Record<string, string>> {
  return isRecord(value) && Object.values(value).every((one) => typeof one === 'string')
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
