import { expect, it } from 'vitest'
import { hostOf, targetOf, targetText } from '../../src/host/target.ts'

const cases = [
  ['https://ghcr.io', 'https://ghcr.io', '/', 'ghcr.io', 'https://ghcr.io/'],
  ['HTTP://Host:80/a%20b/../c?x=1#y', 'http://host', '/c?x=1', 'host', 'http://host/c'],
  ['https://[::1]:5000/v2/?n=1?2', 'https://[::1]:5000', '/v2/?n=1?2', '[::1]:5000'],
  [
    'https://user:secret@host:8443/a',
    'https://host:8443',
    '/a',
    'host:8443',
    'https://host:8443/a',
  ],
] as const

for (const [address, origin, path, host, text = 'https://[::1]:5000/v2/'] of cases) {
  it(`targetOf() reads ${address}`, () => {
    const target = targetOf(new URL(address))
    expect(target).toEqual({ origin, path })
    expect(hostOf(target)).toBe(host)
    expect(targetText(target)).toBe(text)
  })
}
