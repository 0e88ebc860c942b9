import { describe, expect, it } from 'vitest'
import { lostTimings, withWholeHealthChecks } from '../../../src/adapters/compose/health-checks.ts'

const compose = {
  runtime: 'podman',
  provider: { name: 'docker-compose', version: '2.26.1' },
} as const
const docker = { ...compose, runtime: 'docker' } as const
const python = (version: string) =>
  ({ runtime: 'podman', provider: { name: 'podman-compose', version } }) as const
const stack = (healthcheck: unknown) => ({ services: { web: { image: 'w', healthcheck } } })

function made(by: Parameters<typeof withWholeHealthChecks>[0], ...words: readonly string[]) {
  const document = stack({ test: ['CMD', ...words], interval: '3s' })
  const whole = withWholeHealthChecks(by, document)
  if (JSON.stringify(whole) === JSON.stringify(document)) return 'as it was'
  expect(whole).toEqual(stack({ test: ['CMD-SHELL', expect.any(String)], interval: '3s' }))
  return JSON.stringify(whole.services['web']?.['healthcheck']).split('"')[5] ?? ''
}

describe('withWholeHealthChecks()', () => {
  it.each([
    ['as it was', ['wget', '-q', '-O', '-', 'http://x/?a=1&b=2']],
    ['exit 1', ['sh', '-c', 'exit 1']],
    ['exit 1', ['/bin/sh', '-c', 'exit 1']],
    ["bash -c 'exit 1'", ['bash', '-c', 'exit 1']],
    ["sh -c 'exit $$1' sh 4", ['sh', '-c', 'exit $$1', 'sh', '4']],
    ["sh -x 'exit 1'", ['sh', '-x', 'exit 1']],
    ["curl -H 'Accept: a' http://x", ['curl', '-H', 'Accept: a', 'http://x']],
    ["ask ''", ['ask', '']],
    ["ask 'a\u0085b'", ['ask', 'a\u0085b']],
    ["ask 'it'\\\\''s here'", ['ask', "it's here"]],
  ])('hands podman %j by Compose for its API', (line, words) => {
    expect(made(compose, ...words)).toBe(line)
    expect(made(docker, ...words)).toBe('as it was')
  })

  it.each([
    ['as it was', ['wget', '-q', 'http://x/y']],
    ["wget 'http://x/?a=1&b=2'", ['wget', 'http://x/?a=1&b=2']],
    ['exit 1', ['sh', '-c', 'exit 1']],
    ["'/my check'", ['/my check']],
  ])('hands podman %j by podman-compose for a shell', (line, words) => {
    expect(made(python('1.0.3'), ...words)).toBe(line)
    expect(made(python('1.4.1'), ...words)).toBe(line)
    expect(made(python('1.5.0'), ...words)).toBe(words.length > 1 ? 'as it was' : line)
  })

  it.each([
    undefined,
    null,
    { test: 'exit  1' },
    { test: ['CMD-SHELL', 'exit  1'] },
    { test: ['NONE'] },
    { test: ['CMD'] },
    { disable: true },
    { interval: '3s' },
  ])('leaves %j alone', (healthcheck) => {
    const document = stack(healthcheck)
    for (const by of [compose, python('1.0.3')])
      expect(withWholeHealthChecks(by, document)).toEqual(document)
  })

  it('keeps other services, and what else the document has', () => {
    const ill = { healthcheck: { test: ['CMD', 'sh', '-c', 'exit 1'] } }
    const document = { name: 'shop', services: { db: { image: 'd' }, web: ill } }
    expect(withWholeHealthChecks(compose, document)).toEqual({
      name: 'shop',
      services: { db: { image: 'd' }, web: { healthcheck: { test: ['CMD-SHELL', 'exit 1'] } } },
    })
  })
})

describe('lostTimings()', () => {
  it('tells what podman leaves out of a check without a test', () => {
    const document = stack({ interval: '3s', retries: 2, 'x-note': 'n' })
    expect(lostTimings(compose, document)).toEqual([
      'Service "web": podman leaves out "healthcheck.interval", "healthcheck.retries" where no "test" stands beside it',
    ])
    expect(lostTimings(docker, document)).toEqual([])
    expect(lostTimings(python('1.0.3'), document)).toEqual([])
  })

  it.each([
    undefined,
    {},
    { test: ['CMD', 'true'], interval: '3s' },
    { test: 'true', interval: '3s' },
    { disable: true, interval: '3s' },
  ])('has no word for %j', (healthcheck) => {
    expect(lostTimings(compose, stack(healthcheck))).toEqual([])
  })
})
