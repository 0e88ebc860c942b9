import { lookup } from 'node:dns/promises'
import { BlockList, isIP } from 'node:net'

/** Whether a host is an address, written as one, of this machine or of a private network. A mapped or translated IPv4 address counts as itself. */
export function isPrivateAddress(host: string): boolean {
  const family = isIP(host)
  if (family === 0) return false
  return privateNetworks().check(host, family === 6 ? 'ipv6' : 'ipv4')
}

/** The addresses of a name, by this machine's resolver; none where it does not resolve. */
export async function addressesOf(name: string): Promise<readonly string[]> {
  try {
    const found = await lookup(name, { all: true })
    return found.map(({ address }) => address)
  } catch {
    return []
  }
}

function privateNetworks(): BlockList {
  const list = new BlockList()
  // Private, shared by carriers (https://www.rfc-editor.org/rfc/rfc6598), this machine, and what Linux takes for it.
  list.addSubnet('10.0.0.0', 8, 'ipv4')
  list.addSubnet('172.16.0.0', 12, 'ipv4')
  list.addSubnet('192.168.0.0', 16, 'ipv4')
  list.addSubnet('100.64.0.0', 10, 'ipv4')
  list.addSubnet('127.0.0.0', 8, 'ipv4')
  list.addSubnet('0.0.0.0', 8, 'ipv4')
  list.addSubnet('fc00::', 7, 'ipv6')
  for (const address of ['::', '::1']) list.addAddress(address, 'ipv6')
  // The same through NAT64: https://www.rfc-editor.org/rfc/rfc6052#section-2.1
  for (const [first, bits] of translated) list.addSubnet(`64:ff9b::${first}`, bits, 'ipv6')
  return list
}

const translated = [
  ['a00:0', 104],
  ['ac10:0', 108],
  ['c0a8:0', 112],
  ['6440:0', 106],
  ['7f00:0', 104],
] as const
