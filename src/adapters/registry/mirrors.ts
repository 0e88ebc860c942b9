import { MagosError } from '../../domain/error.ts'
import type { Log, RepositoryName } from '../../ports.ts'

/** Where a registry's images may be read instead, by its host: `HOST` or `HOST/PATH` each, in the order in which they are asked. */
export type Mirrors = Readonly<Record<string, readonly string[]>>

/** A mirror is asked in its own name, and what it names is checked against its content. */
export type Role = 'mirror' | 'origin'

export interface MirrorContext {
  readonly mirrors: Mirrors
  readonly log: Log
}

/** Asks the mirrors in turn, then the registry itself; whatever a mirror cannot answer is the next one's question. */
export function overMirrors<T>(
  { mirrors, log }: MirrorContext,
  name: RepositoryName,
  signal: AbortSignal,
  ask: (at: RepositoryName, role: Role) => Promise<T>,
): Promise<T> {
  const known = Object.hasOwn(mirrors, name.registry) ? mirrors[name.registry] : undefined
  if (known === undefined) return ask(name, 'origin')
  return inOrder({ known, log }, name, signal, ask)
}

async function inOrder<T>(
  { known, log }: { readonly known: readonly string[]; readonly log: Log },
  name: RepositoryName,
  signal: AbortSignal,
  ask: (at: RepositoryName, role: Role) => Promise<T>,
): Promise<T> {
  for (const mirror of known) {
    try {
      return await ask(mirroredName(mirror, name), 'mirror')
    } catch (thrown) {
      signal.throwIfAborted()
      if (!(thrown instanceof MagosError)) throw thrown
      const image = `${name.registry}/${name.repository}`
      log.debug({ image, mirror, code: thrown.code }, `Mirror passed over: ${thrown.message}`)
    }
  }
  return ask(name, 'origin')
}

// Harbor and Artifactory keep what they mirror below a path of their own.
function mirroredName(mirror: string, { repository }: RepositoryName): RepositoryName {
  const [registry = '', ...path] = mirror.split('/')
  return { registry, repository: [...path, repository].join('/') }
}
