import { expect, it } from 'vitest'
import {
  endpointOf,
  isLoopbackRegistry,
  plainHttpRule,
} from '../../../src/adapters/registry/endpoint.ts'

const endpoints: readonly (readonly [string, string])[] = [
  ['ghcr.io', 'https://ghcr.io/'],
  ['docker.io', 'https://registry-1.docker.io/'],
  ['registry.home:5000', 'https://registry.home:5000/'],
  ['192.168.1.2:5000', 'https://192.168.1.2:5000/'],
  ['127.0.0.1:5000', 'http://127.0.0.1:5000/'],
  ['127.9.9.9:5000', 'http://127.9.9.9:5000/'],
  ['localhost:5000', 'http://localhost:5000/'],
  ['[::1]:5000', 'http://[::1]:5000/'],
  ['localhost.evil.example', 'https://localhost.evil.example/'],
  ['127.0.0.1.evil.example', 'https://127.0.0.1.evil.example/'],
]

for (const [registry, expected] of endpoints) {
  it(`endpointOf() asks ${registry} at ${expected}`, () => {
    expect(endpointOf(registry, plainHttpRule()).href).toBe(expected)
  })
}

for (const registry of [
  '',
  'a/b',
  'user@host',
  'host?x',
  'host#x',
  'a b',
  'user:secret@host',
  ':5',
]) {
  it(`endpointOf() refuses ${JSON.stringify(registry)}`, () => {
    expect(() => endpointOf(registry, plainHttpRule())).toThrow(/it is no host name/)
  })
}

it('plainHttpRule() holds to what is configured, on loopback too', () => {
  const rule = plainHttpRule({ 'nas.home:5000': 'http', 'localhost:5443': 'https' })
  expect(rule('nas.home:5000')).toBe(true)
  expect(rule('nas.home:5001')).toBe(false)
  expect(rule('localhost:5443')).toBe(false)
  expect(rule('localhost:5000')).toBe(true)
  expect(rule('constructor')).toBe(false)
})

it('isLoopbackRegistry() is not fooled by names', () => {
  expect(['localhost', '127.0.0.1', '[::1]'].map(isLoopbackRegistry)).toEqual([true, true, true])
  expect(['10.0.0.1', 'localhost.home', '[::2]', '::1'].map(isLoopbackRegistry)).toEqual([
    false,
    false,
    false,
    false,
  ])
})
