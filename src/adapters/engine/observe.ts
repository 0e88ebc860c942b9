import { MagosError } from '../../domain/error.ts'
import type { Digest } from '../../domain/image-reference.ts'
import { askEngine, engineError } from './command.ts'
import type { EngineCommand, Runtime } from './command.ts'
import { bareId, readContainer, readImage } from './inspect.ts'
import type { Inspected } from './inspect.ts'
import { parseDocuments, textAt } from './json.ts'

const LABEL = 'com.docker.compose.project'
/** Some 10 KiB are printed for every container. */
const MAX_OUTPUT = 256 << 20

/**
 * Containers of one compose project, or of all: one query for the list, one for the details of containers and images
 * together. (docker's list names an image's id only by Compose v2's label; for a container without it the images are a
 * third query.) A container that goes away in between is left out.
 */
export async function inspectContainers(
  engine: EngineCommand,
  project: string | null,
  signal: AbortSignal,
): Promise<readonly Inspected[]> {
  const listed = await list(engine, project, signal)
  if (listed.length === 0) return []
  const images = new Set(listed.flatMap(({ image }) => image ?? []))
  const details = await inspect(engine, [...listed.map(({ id }) => id), ...images], signal)
  const inspected = details.flatMap((document) => readContainer(document) ?? [])
  const digests = readImages(details)
  const unknown = inspected
    .map((one) => one.container.imageId)
    .filter((id) => id !== '' && !digests.has(id))
  if (unknown.length > 0) {
    const more = readImages(await inspect(engine, [...new Set(unknown)], signal))
    for (const [id, known] of more) digests.set(id, known)
  }
  return inspected.map((one) => withDigests(one, digests.get(one.container.imageId) ?? []))
}

interface Listed {
  readonly id: string
  readonly image: string | null
}

async function list(
  engine: EngineCommand,
  project: string | null,
  signal: AbortSignal,
): Promise<readonly Listed[]> {
  const filter = `label=${project === null ? LABEL : `${LABEL}=${project}`}`
  const format = engine.runtime === 'podman' ? 'json' : '{{json .}}'
  const args = ['ps', '--all', '--no-trunc', '--filter', filter, '--format', format]
  const result = await askEngine(engine, args, { signal, maxOutput: MAX_OUTPUT })
  const documents = result.exitCode === 0 ? parseDocuments(result.stdout) : null
  if (documents === null) throw engineError(engine.runtime, `${engine.runtime} ps`, result)
  return documents.map((document) => readListed(engine.runtime, document))
}

/** podman prints one array, its labels an object; docker a document a line, its labels a text. */
function readListed(runtime: Runtime, document: unknown): Listed {
  if (runtime === 'podman') {
    const image = textAt(document, 'ImageID')
    return { id: textAt(document, 'Id'), image: image === '' ? null : bareId(image) }
  }
  const labels = textAt(document, 'Labels')
  const image = /(?:^|,)com\.docker\.compose\.image=sha256:([0-9a-f]{64})/.exec(labels)?.[1]
  return { id: textAt(document, 'ID'), image: image ?? null }
}

/** Both engines print what they found and exit non-zero for what is gone. */
async function inspect(
  engine: EngineCommand,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<readonly unknown[]> {
  const result = await askEngine(engine, ['inspect', ...ids], { signal, maxOutput: MAX_OUTPUT })
  const documents = result.outcome === 'exited' ? parseDocuments(result.stdout) : null
  if (documents !== null && (result.exitCode === 0 || /no such/i.test(result.stderr))) {
    return documents
  }
  if (documents === null && result.exitCode === 0) {
    throw new MagosError('engine', `Read "${engine.runtime} inspect": it is not JSON`, {
      remedy: `Look at what "${engine.runtime} inspect" prints`,
    })
  }
  throw engineError(engine.runtime, `${engine.runtime} inspect`, result)
}

function readImages(documents: readonly unknown[]): Map<string, readonly Digest[]> {
  const images = documents.flatMap((document) => readImage(document) ?? [])
  return new Map(images.map(({ id, digests }) => [id, digests]))
}

function withDigests(one: Inspected, digests: readonly Digest[]): Inspected {
  const all = [...new Set([...one.container.digests, ...digests])]
  return { ...one, container: { ...one.container, digests: all } }
}
