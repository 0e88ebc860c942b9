import { describe, expect, it } from 'vitest'
import { capabilitiesOf } from '../../../src/adapters/compose/capabilities.ts'
import { unknownKeys } from '../../../src/adapters/compose/unknown-keys.ts'

const python = (version: string) => ({ name: 'podman-compose', version }) as const

describe('capabilitiesOf()', () => {
  it.each([
    ['1.0.3', 'one-by-one', 'none'],
    ['1.0.5', 'one-by-one', 'none'],
    ['1.0.6', 'one-by-one', 'its-own'],
    ['1.1.0', 'one-by-one', 'its-own'],
    ['1.3.0', 'one-by-one', 'its-own'],
    ['1.5.0', 'one-by-one', 'its-own'],
    ['1.6.0', 'one-by-one', 'its-own'],
    ['1.10.0', 'one-by-one', 'its-own'],
    ['2.0.0', 'one-by-one', 'its-own'],
  ])('drives podman-compose %s %s, its config %s', (version, drive, config) => {
    const found = capabilitiesOf(python(version))
    expect(found).toMatchObject({ drive, config })
    expect(found.limits.length).toBeGreaterThan(0)
  })

  it.each(['2.26.1', '2.40.3', '5.6.0'])('trusts Compose %s with all of it', (version) => {
    expect(capabilitiesOf({ name: 'docker-compose', version })).toEqual({
      drive: 'whole',
      config: 'its-own',
      keys: null,
      limits: [],
    })
  })

  it.each([
    ['dns', '1.0.3', '1.0.6'],
    ['pid', '1.0.6', '1.1.0'],
    ['device_cgroup_rules', '1.2.0', '1.3.0'],
    ['scale', '1.3.0', '1.4.1'],
  ])('knows of %s not at %s and at %s', (key, before, since) => {
    expect(capabilitiesOf(python(before)).keys?.has(key)).toBe(false)
    expect(capabilitiesOf(python(since)).keys?.has(key)).toBe(true)
  })
})

const web = (fields: object) => ({ services: { web: { image: 'a', ...fields } } })

describe('unknownKeys()', () => {
  it('warns of what a service can do without', () => {
    const document = web({ stop_grace_period: '1s', 'x-mine': 1, init: true, depends_on: ['db'] })
    expect(unknownKeys(python('1.0.3'), document)).toEqual([
      'Service "web": podman-compose 1.0.3 leaves out "stop_grace_period"',
    ])
    expect(unknownKeys(python('1.0.6'), document)).toEqual([])
  })

  it.each(['configs', 'userns_mode', 'dns', 'volumes_from', 'gpus'])(
    'refuses %s, without which it would be another service',
    (key) => {
      expect(() => unknownKeys(python('1.0.3'), web({ [key]: ['x'] }))).toThrow(
        `Deploy service "web": podman-compose 1.0.3 knows nothing of "${key}"`,
      )
    },
  )

  it('minds nothing that says nothing, and nothing with Compose v2', () => {
    expect(unknownKeys(python('1.0.3'), web({ configs: [], dns: null, gpus: {} }))).toEqual([])
    const v2 = { name: 'docker-compose', version: '2.26.1' } as const
    expect(unknownKeys(v2, web({ configs: ['x'] }))).toEqual([])
  })
})
