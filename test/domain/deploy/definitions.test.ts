import { describe, expect, test } from 'vitest'
import {
  networksOf,
  ownDefinitions,
  withLabels,
  type Definition,
} from '../../../src/domain/deploy/definitions.ts'

const image = 'example.org/app'

describe('ownDefinitions()', () => {
  const document = {
    services: {
      web: {
        image,
        networks: { back: null, proxy: null },
        volumes: [{ type: 'volume', source: 'a' }],
      },
      db: {
        image,
        networks: ['back'],
        volumes: ['b:/b:ro', './c:/c', { type: 'bind', source: 'd' }],
      },
      vpn: { image, network_mode: 'host' },
    },
    networks: { back: { name: 'shop$$_back' }, proxy: { external: true }, unused: {} },
    volumes: { a: { name: 'rows' }, b: null, c: {}, d: {}, e: { external: { name: 'x' } } },
  }

  test('are those that services use, by the names that the engine knows, but for external ones', () => {
    const found = ownDefinitions(document, 'shop').map(({ kind, name }) => `${kind} ${name}`)
    expect(found).toEqual(['network shop$_back', 'volume rows', 'volume shop_b'])
  })

  test('have the project’s own network, defined or not, where a service is on it', () => {
    const services = { web: { image } }
    expect(ownDefinitions({ services }, 'shop')).toEqual([
      { kind: 'network', key: 'default', name: 'shop_default', fields: {} },
    ])
    const networks = { default: { internal: true } }
    expect(ownDefinitions({ services, networks }, 'shop')[0]?.fields).toEqual({ internal: true })
    expect(ownDefinitions({ services: { web: { image, network_mode: 'none' } } }, 'shop')).toEqual(
      [],
    )
  })
})

test.each<[string, Record<string, unknown>, Record<string, unknown>, string[]]>([
  ['nothing said', {}, {}, ['shop_default']],
  ['a mapping', { networks: { a: null, b: {} } }, { a: {}, b: { name: 'own' } }, ['shop_a', 'own']],
  ['a list', { networks: ['a'] }, {}, ['shop_a']],
  ['external by its key', { networks: ['a'] }, { a: { external: true } }, ['a']],
  ['external by name', { networks: ['a'] }, { a: { external: { name: 'x' } } }, ['x']],
  ['a mode', { network_mode: 'service:vpn' }, {}, []],
])('networksOf() of a service with %s', (_title, service, networks, names) => {
  expect(networksOf({ services: { web: service }, networks }, 'shop', 'web')).toEqual(names)
})

test('withLabels() adds to the labels that are there, and leaves the rest of the document', () => {
  const document = {
    services: { web: { image } },
    networks: { a: { labels: ['x=y'], internal: true }, b: null },
    configs: { c: {} },
  }
  const [a]: readonly Definition[] = ownDefinitions(
    { ...document, services: { web: { image, networks: ['a'] } } },
    'shop',
  )
  if (a === undefined) throw new Error('there is one')
  expect(withLabels(document, new Map([[a, { mark: '1' }]]))).toEqual({
    ...document,
    networks: { a: { labels: { x: 'y', mark: '1' }, internal: true }, b: null },
  })
  expect(withLabels(document, new Map())).toEqual(document)
})
