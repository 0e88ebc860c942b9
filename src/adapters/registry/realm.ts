import { bareHost, isLoopbackHost } from '../../host/proxy.ts'

/** Hosts of token servers, for registries that keep theirs elsewhere; key and values are host names. */
export type TrustedRealms = Readonly<Record<string, readonly string[]>>

export type RealmVerdict =
  | { readonly outcome: 'trusted'; readonly url: URL }
  | { readonly outcome: 'refused'; readonly reason: string; readonly remedy: string }

// Measured or documented by the registries themselves; every other token server is on its registry's own host.
const knownRealms: TrustedRealms = {
  'docker.io': ['auth.docker.io'],
  'registry-1.docker.io': ['auth.docker.io'],
  'index.docker.io': ['auth.docker.io'],
  'registry.gitlab.com': ['gitlab.com'],
  'lscr.io': ['ghcr.io'],
  'docker.elastic.co': ['docker-auth.elastic.co'],
}

/**
 * Whether a token may be asked for where a registry's challenge says. A registry that could name any place would get
 * logins sent to it, and requests made inside our network.
 */
export function judgeRealm(
  realm: string,
  registry: string,
  endpoint: URL,
  trusted: TrustedRealms = {},
): RealmVerdict {
  if (!URL.canParse(realm)) return refused('it is no address', registry)
  const url = new URL(realm)
  if (url.username !== '' || url.password !== '') return refused('it carries a login', registry)
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && endpoint.protocol === 'http:')) {
    return refused('it is not reached by https', registry)
  }
  const host = bareHost(url)
  const home = bareHost(endpoint)
  const isLoopback = isLoopbackHost(host) && isLoopbackHost(home)
  if (host === home || isLoopback) return { outcome: 'trusted', url }
  const known = new Set([...own(knownRealms, registry), ...own(trusted, registry)])
  // Known hosts of the wide world are never spoken to without TLS, whatever their registry is.
  if ([host, url.host].some((one) => known.has(one)) && url.protocol === 'https:')
    return { outcome: 'trusted', url }
  const reason = `"${host}" is not known as the token server of "${registry}"`
  if (url.protocol !== 'https:') return refused(reason, registry)
  // Usual where somebody hosts GitLab under one name and its registry under another.
  const entry = `registries: {"${registry}": {tokenServers: ["${url.host}"]}}`
  const remedy = `If logins for "${registry}" may be sent there, say so in the file that MD_CONFIG names: ${entry}`
  return { outcome: 'refused', reason, remedy }
}

function own(realms: TrustedRealms, registry: string): readonly string[] {
  return Object.hasOwn(realms, registry) ? (realms[registry] ?? []) : []
}

function refused(reason: string, registry: string): RealmVerdict {
  const remedy = `Let whoever runs "${registry}" name its token server by a plain https address`
  return { outcome: 'refused', reason, remedy }
}
