import { identityTokenUser } from '../../domain/identity-token.ts'
import type { Credential, RepositoryName } from '../../ports.ts'

/** What docker's or podman's auth file says, by registry or `registry/path`. */
export interface AuthFile {
  /** null: listed, but without a login (docker does so where a helper keeps it). */
  readonly logins: ReadonlyMap<string, Credential | null>
  /** Names of credential helpers by registry. */
  readonly helpers: ReadonlyMap<string, string>
  /** The helper that keeps every login; null for none. */
  readonly store: string | null
}

/** An auth file's content, or what stands in its place, and how messages name it. */
export interface LoginSource {
  readonly kept: 'file' | 'configuration'
  readonly source: string
  readonly content: AuthFile
}

/** Where the login for a repository is, or may be. */
export type LoginPlace = {
  readonly from: LoginSource
  /** What it is for: `HOST` or `HOST/PATH`. */
  readonly reach: string
} & (
  | { readonly kind: 'entry'; readonly credential: Credential }
  /** A program keeps it, by the name of the server. */
  | { readonly kind: 'helper'; readonly helper: string; readonly server: string }
)

/**
 * The format that docker and podman share: https://man.archlinux.org/man/containers-auth.json.5. Returns a reason for a text
 * that is none; it quotes nothing, because anything there may be a password.
 */
export function parseAuthFile(
  text: string,
  form: 'usual' | 'legacy' = 'usual',
): AuthFile | { readonly reason: string } {
  const read = parseJson(text)
  if (read === undefined) return { reason: 'it is not valid JSON' }
  if (!isRecord(read)) return { reason: 'it holds no JSON object' }
  const document: Record<string, unknown> = form === 'legacy' ? { auths: read } : read
  const { auths = {}, credHelpers = {}, credsStore } = document
  if (!isRecord(auths)) return { reason: '"auths" is no object' }
  if (!isRecord(credHelpers)) return { reason: '"credHelpers" is no object' }
  const logins = new Map<string, Credential | null>()
  for (const [key, value] of Object.entries(auths)) logins.set(normaliseKey(key), loginOf(value))
  const helpers = new Map<string, string>()
  for (const [key, value] of Object.entries(credHelpers)) {
    if (typeof value === 'string' && value !== '') helpers.set(normaliseKey(key), value)
  }
  const store = typeof credsStore === 'string' && credsStore !== '' ? credsStore : null
  return { logins, helpers, store }
}

/** Logins as configuration names them, by `HOST` or `HOST/PATH`. */
export function authFileOf(logins: Readonly<Record<string, Credential>>): AuthFile {
  const entries = Object.entries(logins).map(([key, login]) => [normaliseKey(key), login] as const)
  return { logins: new Map(entries), helpers: new Map(), store: null }
}

/**
 * The places to look at for a repository: entries of its own path first, the longest before all others wherever it stands; then
 * source by source, in docker's and podman's order, the helper of its registry or else the one that keeps everything, and the
 * entry of its registry. Helpers know registries only.
 */
export function loginPlaces(
  sources: readonly LoginSource[],
  { registry, repository }: RepositoryName,
): readonly LoginPlace[] {
  if (sources.length === 0) return []
  const host = hubAliases.has(registry) ? hub : registry.toLowerCase()
  const parts = repository.split('/')
  const keys = parts.map((_, index) => [host, ...parts.slice(0, parts.length - index)].join('/'))
  return [
    ...keys.flatMap((key) => sources.flatMap((from) => entry(from, key))),
    ...sources.flatMap((from) => [...helper(from, host), ...entry(from, host)]),
  ]
}

function entry(from: LoginSource, key: string): readonly LoginPlace[] {
  const credential = from.content.logins.get(key)
  return credential == null ? [] : [{ kind: 'entry', credential, from, reach: key }]
}

function helper(from: LoginSource, host: string): readonly LoginPlace[] {
  const name = from.content.helpers.get(host) ?? from.content.store
  if (name === null) return []
  return [{ kind: 'helper', helper: name, server: serverOf(host), from, reach: host }]
}

const hub = 'docker.io'

// https://docs.docker.com/reference/cli/docker/login/: Docker Hub's logins are kept under its first address.
function serverOf(host: string): string {
  return host === hub ? 'https://index.docker.io/v1/' : host
}

const hubAliases: ReadonlySet<string> = new Set([
  'docker.io',
  'index.docker.io',
  'registry-1.docker.io',
])

// Old clients wrote whole addresses, Docker Hub's to this day: `https://index.docker.io/v1/`.
function normaliseKey(key: string): string {
  const bare = key.replace(/^https?:\/\//, '')
  const isAddress = bare !== key
  const [host = '', ...path] = bare.replace(/\/+$/, '').split('/')
  const isVersion = path.length === 1 && /^v[12]$/.test(path[0] ?? '')
  const registry = hubAliases.has(host.toLowerCase()) ? hub : host.toLowerCase()
  return isAddress || isVersion ? registry : [registry, ...path].join('/')
}

function loginOf(value: unknown): Credential | null {
  if (!isRecord(value)) return null
  const { auth, identitytoken, username, password } = value
  if (typeof identitytoken === 'string' && identitytoken !== '') {
    return { username: identityTokenUser, password: identitytoken }
  }
  if (typeof auth === 'string' && auth !== '') return decodeAuth(auth)
  if (typeof username !== 'string' || typeof password !== 'string') return null
  return username === '' ? null : { username, password }
}

function decodeAuth(auth: string): Credential | null {
  const text = Buffer.from(auth, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon < 1) return null
  // Docker pads the password with zero bytes.
  return { username: text.slice(0, colon), password: text.slice(colon + 1).replace(/\0+$/, '') }
}

// The parser's own message quotes the text around the fault: it must not leave this function.
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
