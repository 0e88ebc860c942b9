import { expect, it } from 'vitest'
import { judgeRealm } from '../../../src/adapters/registry/realm.ts'

const trusted: readonly (readonly [string, string, string])[] = [
  ['https://ghcr.io/token', 'ghcr.io', 'https://ghcr.io'],
  ['https://auth.docker.io/token', 'docker.io', 'https://registry-1.docker.io'],
  ['https://ghcr.io/token', 'lscr.io', 'https://lscr.io'],
  ['https://gitlab.com/jwt/auth', 'registry.gitlab.com', 'https://registry.gitlab.com'],
  // A home's GitLab: the registry has a port of its own.
  ['https://git.home/jwt/auth', 'git.home:5050', 'https://git.home:5050'],
  ['http://127.0.0.1:81/token', '127.0.0.1:5000', 'http://127.0.0.1:5000'],
  ['http://localhost:81/token', '127.0.0.1:5000', 'http://127.0.0.1:5000'],
  ['http://nas.home:5001/token', 'nas.home:5000', 'http://nas.home:5000'],
  ['https://nas.home/token', 'nas.home:5000', 'http://nas.home:5000'],
]

for (const [realm, registry, endpoint] of trusted) {
  it(`judgeRealm() trusts ${realm} of ${registry}`, () => {
    expect(judgeRealm(realm, registry, new URL(endpoint))).toEqual({
      outcome: 'trusted',
      url: new URL(realm),
    })
  })
}

const refused: readonly (readonly [string, string, string, RegExp])[] = [
  ['', 'ghcr.io', 'https://ghcr.io', /no address/],
  ['token', 'ghcr.io', 'https://ghcr.io', /no address/],
  ['/token', 'ghcr.io', 'https://ghcr.io', /no address/],
  ['http://ghcr.io/token', 'ghcr.io', 'https://ghcr.io', /https/],
  ['file:///etc/passwd', 'ghcr.io', 'https://ghcr.io', /https/],
  ['https://user:secret@ghcr.io/token', 'ghcr.io', 'https://ghcr.io', /login/],
  ['https://evil.example/token', 'ghcr.io', 'https://ghcr.io', /"evil\.example" is not known/],
  ['https://ghcr.io.evil.example/', 'ghcr.io', 'https://ghcr.io', /not known/],
  ['https://sub.ghcr.io/token', 'ghcr.io', 'https://ghcr.io', /not known/],
  ['https://auth.docker.io/token', 'evil.example', 'https://evil.example', /not known/],
  ['https://127.0.0.1/token', 'ghcr.io', 'https://ghcr.io', /not known/],
  ['https://[::1]/token', 'ghcr.io', 'https://ghcr.io', /not known/],
  ['https://169.254.169.254/', 'ghcr.io', 'https://ghcr.io', /not known/],
  ['https://192.168.1.1/', 'ghcr.io', 'https://ghcr.io', /not known/],
  ['http://evil.example/token', '127.0.0.1:5000', 'http://127.0.0.1:5000', /not known/],
  ['http://auth.docker.io/token', 'docker.io', 'http://registry-1.docker.io', /not known/],
  ['https://constructor/', 'constructor', 'https://other', /not known/],
]

for (const [realm, registry, endpoint, reason] of refused) {
  it(`judgeRealm() refuses ${JSON.stringify(realm)} of ${registry}`, () => {
    expect(judgeRealm(realm, registry, new URL(endpoint))).toEqual({
      outcome: 'refused',
      reason: expect.stringMatching(reason),
      remedy: expect.stringContaining(registry),
    })
  })
}

it('judgeRealm() says which line trusts a token server that it does not know', () => {
  const at = new URL('https://registry.lan:5050')
  expect(judgeRealm('https://gitlab.lan:8443/jwt/auth', 'registry.lan:5050', at)).toMatchObject({
    remedy: expect.stringContaining(
      'registries: {"registry.lan:5050": {tokenServers: ["gitlab.lan:8443"]}}',
    ),
  })
})

it('judgeRealm() trusts what is configured, for that registry alone', () => {
  const configured = { 'registry.home': ['auth.home'] }
  const judge = (registry: string, realm: string) =>
    judgeRealm(realm, registry, new URL(`https://${registry}`), configured).outcome
  expect(judge('registry.home', 'https://auth.home/token')).toBe('trusted')
  expect(judge('registry.home', 'http://auth.home/token')).toBe('refused')
  expect(judge('other.home', 'https://auth.home/token')).toBe('refused')
})
