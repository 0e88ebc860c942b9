import { expect, it } from 'vitest'
import type { Exchange } from '../../../src/adapters/registry/exchange.ts'
import type { Attempt } from '../../../src/adapters/registry/failure.ts'
import { createTokens } from '../../../src/adapters/registry/token.ts'
import type { TokenRequest } from '../../../src/adapters/registry/token-holder.ts'
import { loginOf } from './fixtures.ts'

const { signal } = new AbortController()
const server = { realm: 'https://auth.example/token', service: 's' }
const scope = 'repository:team/app:pull'

/** Hands out `1`, `2`, `3`. */
function countingExchange(): Exchange {
  let count = 0
  return {
    requests: () => count,
    async ask({ target }) {
      count += 1
      return {
        status: 200,
        headers: {},
        body: Buffer.from(`{"token":"${count}","expires_in":60}`),
        from: target,
      }
    },
  }
}

function requestOf(
  registry: string,
  password: string | null,
  more: Partial<TokenRequest> = {},
): TokenRequest {
  const name = { registry, repository: 'team/app' }
  const login = password === null ? null : loginOf({ username: 'octo', password }, registry)
  const attempt: Attempt = {
    name,
    action: 'Cannot ask',
    login,
    turnedDown: null,
    consulted: () => [],
  }
  return { server, scope, attempt, ...more }
}

it('get() gives a token only to the registry, server, scope and login that it was minted for', async () => {
  const tokens = createTokens(countingExchange(), () => 0)
  const others: readonly TokenRequest[] = [
    requestOf('a.example', 'planted'),
    requestOf('a.example', 'other'),
    requestOf('a.example', null),
    requestOf('b.example', null),
    requestOf('a.example', null, { server: { ...server, service: null } }),
    requestOf('a.example', null, { server: { ...server, realm: 'https://other.example/' } }),
    requestOf('a.example', null, { scope: 'repository:team/other:pull' }),
  ]
  const minted = others.map((_, index) => `Bearer ${index + 1}`)
  for (const request of others) await tokens.get(request, null, signal)
  expect(others.map((request) => tokens.known(request)?.authorization)).toEqual(minted)
})

it('known() finds a token again by a login and a server that only say the same', async () => {
  const tokens = createTokens(countingExchange(), () => 0)
  await tokens.get(requestOf('a.example', 'planted'), null, signal)
  const again = requestOf('a.example', 'planted', { server: { ...server } })
  expect(tokens.known(again)?.authorization).toBe('Bearer 1')
  expect(await tokens.get(again, null, signal)).toEqual({
    authorization: 'Bearer 1',
    origin: 'cached',
  })
})

it('get() gives no token that was turned down, and known() none that is over', async () => {
  let now = 0
  const tokens = createTokens(countingExchange(), () => now)
  const request = requestOf('a.example', null)
  await tokens.get(request, null, signal)
  expect(await tokens.get(request, 'Bearer 1', signal)).toEqual({
    authorization: 'Bearer 2',
    origin: 'minted',
  })
  now = 60_000
  expect(tokens.known(request)).toBeNull()
})
