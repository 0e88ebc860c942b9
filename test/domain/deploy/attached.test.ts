import { describe, expect, test } from 'vitest'
import { withAttached } from '../../../src/domain/deploy/attached.ts'
import type { ObservedContainer, ServicePlan } from '../../../src/domain/deployment.ts'
import { container } from './container.ts'

const document = {
  services: { web: { networks: { default: null, proxy: null } }, vpn: { network_mode: 'host' } },
  networks: { default: { name: 'shop_default' }, proxy: { external: true } },
}

const on = (service: string, networks?: readonly string[]): ObservedContainer =>
  container({
    id: `id-${service}`,
    name: `shop-${service}-1`,
    service,
    ...(networks === undefined ? {} : { networks }),
  })

const keep = (name: string): ServicePlan => ({ name, action: 'keep', reasons: ['as it was'] })

function planned(
  containers: readonly ObservedContainer[],
  plan: readonly ServicePlan[] = [keep('vpn'), keep('web')],
) {
  return withAttached({ plan, containers, remade: ['before'] }, document, 'shop')
}

describe('withAttached()', () => {
  test('makes anew what was disconnected, and removes it first', () => {
    const { plan, remade } = planned([on('web', ['shop_default']), on('vpn', [])])
    const reason = 'container shop-web-1 does not hang on network "proxy" any more'
    expect(plan).toEqual([keep('vpn'), { name: 'web', action: 'recreate', reasons: [reason] }])
    expect(remade).toEqual(['before', 'id-web'])
  })

  test.each([
    ['hangs on all', ['proxy', 'shop_default', 'more']],
    ['is told of no networks', undefined],
    ['hangs on as many by other names', ['shopdefault', 'proxy']],
  ])('leaves alone what %s', (_title, networks) => {
    const { plan, remade } = planned([on('web', networks)])
    expect(plan).toEqual([keep('vpn'), keep('web')])
    expect(remade).toEqual(['before'])
  })

  test('leaves alone what does not run, for its engine may tell less of it', () => {
    const stopped = { ...on('web', []), state: 'exited' } as const
    expect(planned([stopped])).toMatchObject({ remade: ['before'] })
  })

  test('adds nothing to what goes anyway', () => {
    const plan: ServicePlan[] = [{ name: 'web', action: 'recreate', reasons: ['another image'] }]
    expect(planned([on('web', [])], plan)).toMatchObject({ plan, remade: ['before'] })
  })
})
