import { expect, it } from 'vitest'
import { isLoopbackHost, proxyFor, proxySettings } from '../../src/host/proxy.ts'

const proxies = { HTTP_PROXY: 'http://plain:3128', HTTPS_PROXY: 'http://secure:3129' }

function errorOf(act: () => unknown): unknown {
  try {
    return act()
  } catch (thrown) {
    return thrown
  }
}

function route(url: string, noProxy = '') {
  return proxyFor(proxySettings({ ...proxies, NO_PROXY: noProxy }), new URL(url))
}

it('proxySettings() takes a lower-case name before an upper-case one, and an empty one for none', () => {
  expect(proxySettings({})).toEqual({ http: null, https: null, bypass: [] })
  expect(proxySettings({ HTTP_PROXY: 'http://a:1', http_proxy: 'http://b:2' }).http).toBe(
    'http://b:2/',
  )
  expect(proxySettings({ HTTPS_PROXY: '' }).https).toBeNull()
  expect(proxySettings({ HTTPS_PROXY: 'squid:3128' }).https).toBe('http://squid:3128/')
  expect(proxySettings({ no_proxy: 'a, b  c,' }).bypass).toEqual(['a', 'b', 'c'])
})

for (const value of ['ftp://secret@x', 'http://', 'http://secret:x y', 'http://[secret']) {
  it(`proxySettings() refuses ${JSON.stringify(value)} without quoting it`, () => {
    const error = errorOf(() => proxySettings({ HTTPS_PROXY: value }))
    expect(error).toMatchObject({
      code: 'configuration',
      message: expect.stringContaining('HTTPS_PROXY'),
    })
    expect(JSON.stringify(error) + String(error)).not.toContain('secret')
  })
}

it('proxyFor() picks the proxy of the scheme', () => {
  expect(route('http://a.example')).toBe('http://plain:3128/')
  expect(route('https://a.example')).toBe('http://secure:3129/')
  expect(proxyFor(proxySettings({ HTTP_PROXY: 'http://x:1' }), new URL('https://a'))).toBeNull()
})

for (const url of [
  'http://localhost:5000',
  'http://127.0.0.1',
  'http://127.8.8.8',
  'https://[::1]',
]) {
  it(`proxyFor() never sends ${url} to a proxy`, () => {
    expect(route(url)).toBeNull()
  })
}

const bypassed: readonly (readonly [string, string])[] = [
  ['*', 'https://any.example'],
  ['example.com', 'https://example.com'],
  ['example.com', 'https://sub.example.com'],
  ['EXAMPLE.com', 'https://example.com'],
  ['.example.com', 'https://sub.example.com'],
  ['*.example.com', 'https://sub.example.com'],
  ['example.com:443', 'https://example.com'],
  ['example.com', 'https://example.com.'],
  ['10.0.0.1', 'http://10.0.0.1:5000'],
  ['10.0.0.0/8', 'http://10.9.9.9'],
  ['fd00::/8', 'http://[fd00::1]'],
  ['[fd00::1]:5000', 'http://[fd00::1]:5000'],
  ['fd00::1', 'http://[fd00::1]:5000'],
  ['other, example.com', 'https://example.com'],
]
for (const [entry, url] of bypassed) {
  it(`proxyFor() goes to ${url} directly for NO_PROXY=${entry}`, () => {
    expect(route(url, entry)).toBeNull()
  })
}

const proxied: readonly (readonly [string, string])[] = [
  ['example.com', 'https://notexample.com'],
  ['example.com', 'https://example.com.evil'],
  ['.example.com', 'https://example.com'],
  ['example.com:80', 'https://example.com'],
  ['10.0.0.0/8', 'http://11.0.0.1'],
  ['10.0.0.0/99', 'http://10.0.0.1'],
  ['10.0.0.0/', 'http://10.0.0.1'],
  ['10.0.0.1', 'http://10.0.0.10'],
  ['0.0.1', 'http://10.0.0.1'],
]
for (const [entry, url] of proxied) {
  it(`proxyFor() sends ${url} to the proxy despite NO_PROXY=${entry}`, () => {
    expect(route(url, entry)).not.toBeNull()
  })
}

it('isLoopbackHost() knows loopback from what looks like it', () => {
  expect(['localhost', '127.0.0.1', '127.1.2.3', '::1'].every(isLoopbackHost)).toBe(true)
  expect(['localhost.a', '127.0.0.1.a', '128.0.0.1', '::2', ''].some(isLoopbackHost)).toBe(false)
})
