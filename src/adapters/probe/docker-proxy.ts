import { processesNamed, readLink, readText } from './proc.ts'
import { openConnection, openSilently } from './tcp.ts'

interface Address {
  readonly host: string
  readonly port: number
}

interface Proxy {
  readonly container: Address
  /** Of rootless docker the containers' addresses lie in a network namespace that only its own processes see. */
  readonly namespace: 'ours' | 'another'
}

/**
 * What docker's proxy of a published port leads to, tried in its place, because the proxy takes connections before it
 * knows whether the container does. Null where that answers too, or there is no proxy.
 */
export async function openBehindProxy(
  target: Address,
  patience: number,
  signal: AbortSignal,
): Promise<string | null> {
  const proxy = proxyOf(target)
  if (proxy === null) return null
  return proxy.namespace === 'ours'
    ? openConnection(proxy.container, patience, signal)
    : openSilently(target, patience, signal)
}

const WILDCARDS = ['', '0.0.0.0', '::']

/** Its command line tells both ends: https://github.com/moby/moby/tree/master/cmd/docker-proxy */
function proxyOf({ host, port }: Address): Proxy | null {
  for (const pid of processesNamed('docker-proxy')) {
    const words = readText(`/proc/${pid}/cmdline`).split('\0')
    const said = (flag: string) => words[words.indexOf(flag) + 1] ?? ''
    const isIt = said('-proto') === 'tcp' && said('-host-port') === String(port)
    if (!isIt || ![...WILDCARDS, host].includes(said('-host-ip'))) continue
    const network = readLink(`/proc/${pid}/ns/net`)
    return {
      container: { host: said('-container-ip'), port: Number(said('-container-port')) },
      // Of another user's process it cannot be read, and that one is root's.
      namespace: ['', readLink('/proc/self/ns/net')].includes(network) ? 'ours' : 'another',
    }
  }
  return null
}
