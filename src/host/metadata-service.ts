import { lookup } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { forbiddenAddress } from './http-failure.ts'

/**
 * What hands out a cloud machine's own credentials, and the networks of a single link, where nothing else of ours is; no
 * image, redirect or realm may lead us there. A mapped IPv4 address counts as itself.
 */
export function metadataAddresses(): BlockList {
  const list = new BlockList()
  list.addSubnet('169.254.0.0', 16, 'ipv4')
  list.addSubnet('fe80::', 10, 'ipv6')
  // Alibaba's, Azure's, and those of AWS and Google by IPv6.
  for (const address of ['100.100.100.200', '168.63.129.16']) list.addAddress(address, 'ipv4')
  for (const address of ['fd00:ec2::254', 'fd20:ce::254']) list.addAddress(address, 'ipv6')
  // The same through NAT64: https://www.rfc-editor.org/rfc/rfc6052#section-2.1
  list.addSubnet('64:ff9b::a9fe:0', 112, 'ipv6')
  for (const last of ['6464:64c8', 'a83f:8110']) list.addAddress(`64:ff9b::${last}`, 'ipv6')
  return list
}

/** Resolves names, but not to there. Checked after resolving: a name may point anywhere, and elsewhere the next time. */
export function guardedLookup(metadata: BlockList): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, [])
      const allowed = addresses.filter(
        (one) => !metadata.check(one.address, familyName(one.family)),
      )
      const [first] = allowed
      if (first === undefined) return callback(forbiddenAddress(hostname), [])
      return options.all === true
        ? callback(null, allowed)
        : callback(null, first.address, first.family)
    })
  }
}

/** Whether an address, written as one, is among those. */
export function isMetadataAddress(metadata: BlockList, host: string): boolean {
  return isIP(host) !== 0 && metadata.check(host, familyName(isIP(host)))
}

function familyName(family: number): 'ipv4' | 'ipv6' {
  return family === 6 ? 'ipv6' : 'ipv4'
}
