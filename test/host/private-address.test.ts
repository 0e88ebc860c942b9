import { expect, it } from 'vitest'
import { addressesOf, isPrivateAddress } from '../../src/host/private-address.ts'

const inside = [
  '10.0.0.1',
  '10.255.255.255',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.0.1',
  '100.64.0.1',
  '100.127.255.255',
  '127.8.0.1',
  '0.0.0.0',
  '::',
  '::1',
  'fc00::1',
  'fdff::1',
  '::ffff:10.0.0.1',
  '::ffff:7f00:1',
  '64:ff9b::a00:1',
  '64:ff9b::ac1f:ffff',
  '64:ff9b::c0a8:1',
  '64:ff9b::7f00:1',
  '64:ff9b::647f:1',
]
const outside = [
  '9.255.255.255',
  '11.0.0.1',
  '172.15.255.255',
  '172.32.0.1',
  '192.167.255.255',
  '100.63.255.255',
  '100.128.0.1',
  '140.82.112.33',
  '2606:50c0::1',
  '::2',
  'fe00::1',
  '::ffff:8.8.8.8',
  '64:ff9b::808:808',
  '64:ff9b::ac20:1',
  '64:ff9b::6480:1',
  'localhost',
  '10.0.0.1.example',
]

for (const host of inside) {
  it(`isPrivateAddress() says yes to ${host}`, () => expect(isPrivateAddress(host)).toBe(true))
}
for (const host of outside) {
  it(`isPrivateAddress() says no to ${host}`, () => expect(isPrivateAddress(host)).toBe(false))
}

it('addressesOf() finds the addresses of a name, and none of one that does not resolve', async () => {
  expect(await addressesOf('localhost')).toContainEqual(expect.stringMatching(/^(127\.|::1)/))
  expect(await addressesOf('no such name')).toEqual([])
})
