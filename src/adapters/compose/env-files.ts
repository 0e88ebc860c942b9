import { access } from 'node:fs/promises'
import { relative } from 'node:path'
import { MagosError } from '../../domain/error.ts'
import type { ComposeDocument } from '../../ports.ts'

type Service = Readonly<Record<string, unknown>>

/**
 * The document with every env_file by its path alone, optional ones that are not there left out: podman-compose hands
 * paths on to the engine unread. Throws `compose` for one that has to be there and is not, named from the root.
 */
export async function withEnvFiles(
  { services, ...others }: ComposeDocument,
  root: string,
): Promise<ComposeDocument> {
  const entries = Object.entries(services).map(
    async ([name, service]) => [name, await withFiles(name, service, root)] as const,
  )
  return { ...others, services: Object.fromEntries(await Promise.all(entries)) }
}

async function withFiles(name: string, service: Service, root: string): Promise<Service> {
  const { env_file: named, ...rest } = service
  if (named === undefined || named === null) return rest
  const paths: string[] = []
  for (const one of [named].flat()) {
    const { path, isRequired } = readEntry(one)
    const isThere = await access(path.replaceAll('$$', '$')).then(
      () => true,
      () => false,
    )
    if (isThere) paths.push(path)
    else if (isRequired) throw absent(name, nameFrom(root, path))
  }
  return { ...rest, env_file: paths }
}

function readEntry(one: unknown) {
  if (typeof one === 'string') return { path: one, isRequired: true }
  const { path, required }: Service = typeof one === 'object' && one !== null ? { ...one } : {}
  return { path: String(path), isRequired: required !== false }
}

/** The host's own files stand below no root, and by their whole path. */
function nameFrom(root: string, path: string): string {
  const name = relative(root, path.replaceAll('$$', '$'))
  return name.startsWith('../') ? path : name
}

function absent(service: string, file: string): MagosError {
  const action = `Read env_file "${file}" of service "${service}"`
  return new MagosError('compose', `${action}: it is not there`, {
    remedy: 'Commit it, lay it into the stack’s directory on this host, or write `required: false`',
  })
}
