import type { PublishedPort } from '../deployment.ts'

/**
 * The host's ports that a resolved service asks for by number, in either of Compose's forms; a range is all of its ports.
 * https://github.com/compose-spec/compose-spec/blob/main/05-services.md#ports
 */
export function publishedPorts(
  service: Readonly<Record<string, unknown>>,
): readonly PublishedPort[] {
  const { ports } = service
  if (!Array.isArray(ports)) return []
  return ports.flatMap((port: unknown) =>
    typeof port === 'object' && port !== null ? longForm(port) : shortForm(String(port)),
  )
}

/** Whether one of them must be free before the other can be had. */
export function isSamePort(one: PublishedPort, other: PublishedPort): boolean {
  if (one.port !== other.port || one.protocol !== other.protocol) return false
  return isEverywhere(one) || isEverywhere(other) || one.host === other.host
}

function longForm(port: object): readonly PublishedPort[] {
  const { published, protocol, host_ip: host }: Readonly<Record<string, unknown>> = { ...port }
  return numbers(published).map((number) => ({
    host: typeof host === 'string' ? host : '',
    port: number,
    protocol: protocolOf(protocol),
  }))
}

/** `[[address:]published:]target[/protocol]`, an IPv6 address in brackets. */
function shortForm(text: string): readonly PublishedPort[] {
  const [, address = '', published, protocol] =
    /^(?:(\[[^\]]*\]|[^:]*):)?(?:([\d-]+):)[\d-]+(?:\/(\w+))?$/u.exec(text) ?? []
  return numbers(published).map((port) => ({
    host: address.replaceAll(/[[\]]/gu, ''),
    port,
    protocol: protocolOf(protocol),
  }))
}

function protocolOf(text: unknown): PublishedPort['protocol'] {
  return text === 'udp' || text === 'sctp' ? text : 'tcp'
}

/** A number or a range of them; of a nonsensical one nothing. */
function numbers(published: unknown): readonly number[] {
  if (typeof published === 'number') return published > 0 ? [published] : []
  if (typeof published !== 'string') return []
  const [, first, last] = /^(\d{1,5})(?:-(\d{1,5}))?$/u.exec(published) ?? []
  if (first === undefined) return []
  const from = Number(first)
  const count = Math.max(Number(last ?? first) - from + 1, 0)
  return Array.from({ length: count }, (_, index) => from + index).filter((port) => port > 0)
}

function isEverywhere({ host }: PublishedPort): boolean {
  return host === '' || host === '0.0.0.0' || host === '::'
}
