import { lookup } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { forbiddenAddress } from './http-failure.ts'

/** What hands out a cloud machine's own credentials; no image, redirect or realm may lead us there. */
export function metadataAddresses(): BlockList {
  const list = new BlockList()
  for (const address of ['169.254.169.254', '169.254.170.2', '100.100.100.200']) {
    list.addAddress(address, 'ipv4')
  }
  list.addAddress('fd00:ec2::254', 'ipv6')
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
