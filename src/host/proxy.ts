import { BlockList, isIP } from 'node:net'
import { MagosError } from '../domain/error.ts'

/** Which proxy speaks for us, as the environment said it. */
export interface ProxySettings {
  readonly http: string | null
  readonly https: string | null
  /** Hosts that are asked directly: names, suffixes, addresses, networks; `*` for all. */
  readonly bypass: readonly string[]
}

/** Reads the proxy variables; a lower-case name wins, as in curl. Throws `configuration` for a value that is no proxy's address. */
export function proxySettings(
  environment: Readonly<Record<string, string | undefined>>,
): ProxySettings {
  const value = (name: string) => environment[name.toLowerCase()] || environment[name] || ''
  return {
    http: proxyAddress('HTTP_PROXY', value('HTTP_PROXY')),
    https: proxyAddress('HTTPS_PROXY', value('HTTPS_PROXY')),
    bypass: value('NO_PROXY')
      .split(/[\s,]+/)
      .filter((entry) => entry !== ''),
  }
}

/** The proxy for one address; null for a direct connection. Loopback never goes through a proxy. */
export function proxyFor(settings: ProxySettings, url: URL): string | null {
  const proxy = url.protocol === 'https:' ? settings.https : settings.http
  if (proxy === null) return null
  const host = bareHost(url)
  const port = url.port || (url.protocol === 'https:' ? '443' : '80')
  if (isLoopbackHost(host)) return null
  return settings.bypass.some((entry) => bypasses(entry.toLowerCase(), host, port)) ? null : proxy
}

/** `localhost`, 127.0.0.0/8 and ::1, without port or brackets. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

/** The host of an address without brackets and without the dot of a fully qualified name. */
export function bareHost(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
}

// The value may carry a password, so that no message quotes it.
function proxyAddress(variable: string, value: string): string | null {
  if (value === '') return null
  const text = value.includes('://') ? value : `http://${value}`
  const url = URL.canParse(text) ? new URL(text) : null
  if (url !== null && ['http:', 'https:', 'socks5:'].includes(url.protocol)) return url.href
  throw new MagosError(
    'configuration',
    `Cannot use the proxy of "${variable}": its value is no address of a proxy`,
    { remedy: `Set ${variable} to http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT` },
  )
}

function bypasses(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true
  if (entry.includes('/')) return inNetwork(entry, host)
  const [name, wanted] = splitPort(entry)
  if (wanted !== null && wanted !== port) return false
  if (isIP(name) !== 0 || isIP(host) !== 0) return name === host
  const suffix = name.replace(/^\*?\./, '')
  const isSubdomain = host.endsWith(`.${suffix}`)
  return name === suffix ? host === suffix || isSubdomain : isSubdomain
}

function inNetwork(entry: string, host: string): boolean {
  const [network = '', bits = ''] = entry.split('/')
  const family = isIP(network)
  if (family === 0 || isIP(host) !== family || !/^\d{1,3}$/.test(bits)) return false
  if (Number(bits) > (family === 4 ? 32 : 128)) return false
  const type = family === 4 ? 'ipv4' : 'ipv6'
  const list = new BlockList()
  list.addSubnet(network, Number(bits), type)
  return list.check(host, type)
}

function splitPort(entry: string): readonly [string, string | null] {
  const [, bracketed, bracketedPort] = /^\[(.+)\](?::(\d+))?$/.exec(entry) ?? []
  if (bracketed !== undefined) return [bracketed, bracketedPort ?? null]
  const [, name, port] = /^([^:]+):(\d+)$/.exec(entry) ?? []
  return name === undefined || port === undefined ? [entry, null] : [name, port]
}
