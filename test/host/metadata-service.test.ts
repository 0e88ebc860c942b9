import type { LookupAddress } from 'node:dns'
import { expect, it } from 'vitest'
import { guardedLookup, metadataAddresses } from '../../src/host/metadata-service.ts'

// An address in place of a name resolves to itself, without asking anybody.
async function resolve(name: string, all: boolean) {
  const lookup = guardedLookup(metadataAddresses())
  return new Promise<string | readonly LookupAddress[]>((done, fail) => {
    lookup(name, { all }, (error, address) => (error === null ? done(address) : fail(error)))
  })
}

it('guardedLookup() resolves as usual, for one address or all', async () => {
  expect(await resolve('127.0.0.1', false)).toBe('127.0.0.1')
  expect(await resolve('127.0.0.1', true)).toEqual([{ address: '127.0.0.1', family: 4 }])
})

const forbidden = [
  '169.254.169.254',
  '169.254.170.23',
  '100.100.100.200',
  '168.63.129.16',
  'fd00:ec2::254',
  'fd20:ce::254',
  'fe80::1',
  'febf::1',
  '::ffff:169.254.169.254',
  '64:ff9b::169.254.169.254',
  '64:ff9b::100.100.100.200',
  '64:ff9b::168.63.129.16',
]
for (const address of forbidden) {
  it(`guardedLookup() refuses a name that resolves to ${address}`, async () => {
    await expect(resolve(address, true)).rejects.toMatchObject({ code: 'network' })
    await expect(resolve(address, false)).rejects.toMatchObject({ code: 'network' })
  })
}

for (const address of [
  '169.253.1.1',
  '168.63.129.17',
  'fec0::1',
  '64:ff9b::192.168.1.1',
  '10.0.0.1',
]) {
  it(`guardedLookup() lets ${address} be`, async () => {
    expect(await resolve(address, true)).toHaveLength(1)
  })
}

it('guardedLookup() hands on that a name does not resolve', async () => {
  await expect(resolve('name.invalid', true)).rejects.toMatchObject({ syscall: 'getaddrinfo' })
})
