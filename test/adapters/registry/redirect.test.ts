import { describe, expect, it } from 'vitest'
import { redirectTarget } from '../../../src/adapters/registry/redirect.ts'

const known: Readonly<Record<string, readonly string[]>> = {
  'ghcr.io': ['140.82.112.33'],
  'harbor.lan': ['192.168.1.5', 'fd00::5'],
  'split.example': ['192.168.1.5', '140.82.112.33'],
}

const resolve = async (name: string) => known[name] ?? []

async function follow(home: string, location: string): Promise<string> {
  const from = { origin: home, path: '/v2/team/app/blobs/x' }
  const answer = { status: 307, headers: { location }, body: new Uint8Array() }
  const { origin, path } = await redirectTarget(from, answer, 'followed', 0, resolve)
  return origin + path
}

describe('redirectTarget()', () => {
  for (const [home, host] of [
    ['https://ghcr.io', '10.0.0.5'],
    ['https://ghcr.io', '172.31.0.1:9000'],
    ['https://ghcr.io', '192.168.1.5'],
    ['https://ghcr.io', '100.64.0.1'],
    ['https://ghcr.io', '[fd00::1]'],
    ['https://ghcr.io', '[::ffff:10.0.0.5]'],
    ['https://ghcr.io', '0.0.0.0'],
    ['https://140.82.112.33', '10.0.0.5'],
    ['https://split.example', '192.168.1.5'],
    ['https://unknown.example', '192.168.1.5'],
  ] as const) {
    it(`lets ${home} lead nobody to ${host}`, async () => {
      await expect(follow(home, `https://${host}/blob`)).rejects.toMatchObject({
        code: 'protocol',
        message: `Refused the redirect of "${home}" to "https://${host.replace('10.0.0.5]', 'a00:5]')}": it points into a private network, and that registry is not in one`,
        remedy: expect.stringContaining(new URL(home).hostname),
      })
    })
  }

  for (const [home, host] of [
    ['https://harbor.lan', '192.168.1.9:9000'],
    ['https://harbor.lan:8443', '10.0.0.5'],
    ['https://192.168.1.5', '192.168.1.9'],
    ['https://[fd00::5]', '10.0.0.5'],
    ['http://127.0.0.1:5000', '10.0.0.5'],
    ['https://ghcr.io', '140.82.112.34'],
    ['https://ghcr.io', 'pkg-containers.githubusercontent.com'],
  ] as const) {
    it(`follows ${home} to ${host}`, async () => {
      expect(await follow(home, `https://${host}/blob`)).toBe(`https://${host}/blob`)
    })
  }
})
