import { parse as parseYaml } from 'yaml'
import { MagosError } from '../../domain/error.ts'
import type { ComposeDocument } from '../../ports.ts'
import type { FoundProvider } from './provider.ts'

/** What a provider's `config` printed. `files` are those that it was made of, for the complaint. */
export function readDocument(
  provider: FoundProvider,
  files: readonly string[],
  text: string,
): ComposeDocument {
  let document: unknown
  try {
    document = provider.name === 'podman-compose' ? parseYaml(text) : JSON.parse(text)
  } catch (cause) {
    throw unreadable(provider, files, 'it is not the format that was asked for', cause)
  }
  return asDocument(provider, files, document)
}

/** The same of a value that is parsed already. */
export function asDocument(
  provider: FoundProvider,
  files: readonly string[],
  document: unknown,
): ComposeDocument {
  if (!isFields(document)) throw unreadable(provider, files, 'it is no document')
  const services = document['services'] ?? {}
  if (!isFields(services)) throw unreadable(provider, files, 'its services are no map')
  const read = Object.entries(services).map(([name, service]) => {
    if (!isFields(service)) throw unreadable(provider, files, `service "${name}" is no map`)
    return [name, service] as const
  })
  return { ...document, services: Object.fromEntries(read) }
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function unreadable(
  { name, version }: FoundProvider,
  files: readonly string[],
  state: string,
  cause?: unknown,
): MagosError {
  const what = `Read what ${name} ${version} made of "${files.join('", "')}"`
  return new MagosError('compose', `${what}: ${state}`, {
    cause,
    place: { file: files[0] ?? '' },
    remedy: 'Make the file smaller or simpler, or install another version of the provider',
  })
}
