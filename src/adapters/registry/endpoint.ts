import { MagosError } from '../../domain/error.ts'
import { bareHost, isLoopbackHost } from '../../host/proxy.ts'

/** How registries are reached that do not follow from their names: `http` without TLS, `https` even on loopback. */
export type ConfiguredSchemes = Readonly<Record<string, 'http' | 'https'>>

/** The rule for `plainHttp`: what is configured, else plain HTTP on loopback alone, as docker allows. */
export function plainHttpRule(configured: ConfiguredSchemes = {}): (registry: string) => boolean {
  const known = new Map(Object.entries(configured))
  return (registry) => {
    const scheme = known.get(registry)
    return scheme === undefined ? isLoopbackRegistry(registry) : scheme === 'http'
  }
}

export function isLoopbackRegistry(registry: string): boolean {
  const address = `http://${registry}`
  return URL.canParse(address) && isLoopbackHost(bareHost(new URL(address)))
}

/** Origins of `endpointOf` by a rule that stays: each registry's is made once. */
export function createOrigins(
  plainHttp: (registry: string) => boolean,
): (registry: string) => string {
  const known = new Map<string, string>()
  return (registry) => {
    const before = known.get(registry)
    if (before !== undefined) return before
    const { origin } = endpointOf(registry, plainHttp)
    if (known.size < maxKnown) known.set(registry, origin)
    return origin
  }
}

const maxKnown = 1000

/** Where a registry's API answers. The scheme is decided here; nothing ever falls back to plain HTTP. */
export function endpointOf(registry: string, plainHttp: (registry: string) => boolean): URL {
  const address = `${plainHttp(registry) ? 'http' : 'https'}://${apiHost(registry)}`
  const url = URL.canParse(address) ? new URL(address) : null
  if (url !== null && `${url.origin}/` === url.href && url.hostname !== '') return url
  throw new MagosError('protocol', `Cannot ask registry "${registry}": it is no host name`)
}

// https://docs.docker.com/reference/api/registry/latest/: Docker Hub's API has a host of its own.
function apiHost(registry: string): string {
  return registry === 'docker.io' || registry === 'index.docker.io'
    ? 'registry-1.docker.io'
    : registry
}
