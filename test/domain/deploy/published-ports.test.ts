import { describe, expect, it } from 'vitest'
import { isSamePort, publishedPorts } from '../../../src/domain/deploy/published-ports.ts'

const tcp = (port: number, host = '') => ({ host, port, protocol: 'tcp' }) as const

describe('publishedPorts()', () => {
  it.each<[unknown, readonly object[]]>([
    [undefined, []],
    [{}, []],
    [['80'], []],
    [[80], []],
    [['80/udp'], []],
    [['8080:80'], [tcp(8080)]],
    [['8080:80/udp'], [{ host: '', port: 8080, protocol: 'udp' }]],
    [['127.0.0.1:8080:80'], [tcp(8080, '127.0.0.1')]],
    [['[::1]:8080:80'], [tcp(8080, '::1')]],
    [['127.0.0.1::80'], []],
    [['9000-9002:80-82'], [tcp(9000), tcp(9001), tcp(9002)]],
    [['9002-9000:80-82'], []],
    [['nonsense', 'a:b:c', '99999999:80'], []],
    [[{ target: 80 }], []],
    [[{ target: 80, published: '' }], []],
    [[{ target: 80, published: '8080', protocol: 'tcp', mode: 'ingress' }], [tcp(8080)]],
    [[{ target: 80, published: 8080, host_ip: '10.0.0.1' }], [tcp(8080, '10.0.0.1')]],
    [[{ target: 80, published: '8080-8081' }], [tcp(8080), tcp(8081)]],
    [[null, '1:1'], [tcp(1)]],
  ])('reads %j', (ports, published) => {
    expect(publishedPorts({ ports })).toEqual(published)
  })
})

describe('isSamePort()', () => {
  it.each([
    [tcp(80), tcp(80), true],
    [tcp(80), tcp(81), false],
    [tcp(80), { ...tcp(80), protocol: 'udp' } as const, false],
    [tcp(80, '0.0.0.0'), tcp(80, '10.0.0.1'), true],
    [tcp(80, '10.0.0.1'), tcp(80, '::'), true],
    [tcp(80, '10.0.0.1'), tcp(80, '10.0.0.2'), false],
    [tcp(80, '10.0.0.1'), tcp(80, '10.0.0.1'), true],
  ])('of %j and %j is %s', (one, other, same) => {
    expect(isSamePort(one, other)).toBe(same)
    expect(isSamePort(other, one)).toBe(same)
  })
})
