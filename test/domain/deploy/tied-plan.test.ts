import { describe, expect, test } from 'vitest'
import type { Tie } from '../../../src/domain/compose/ties.ts'
import { withTied } from '../../../src/domain/deploy/tied-plan.ts'
import type {
  ObservedContainer,
  ServiceAction,
  ServicePlan,
} from '../../../src/domain/deployment.ts'
import { container } from './container.ts'

const of = (service: string, more: Partial<ObservedContainer> = {}) =>
  container({ id: `id-${service}`, service, ...more })

interface Case {
  readonly ties: Readonly<Record<string, readonly Tie[]>>
  readonly actions: Readonly<Record<string, ServiceAction>>
  readonly containers?: readonly ObservedContainer[]
  readonly started?: readonly string[]
}

function tied({ ties, actions, containers, started = [] }: Case) {
  const names = Object.keys(actions)
  const result = withTied({
    desired: { services: names.map((name) => ({ name, ties: ties[name] ?? [] })) },
    plan: names.map((name): ServicePlan => ({
      name,
      action: actions[name] ?? 'keep',
      reasons: ['as it was'],
    })),
    containers: containers ?? names.map((name) => of(name)),
    started,
    remade: [],
    halted: [],
  })
  const said = result.plan.map(({ name, action, reasons }) => `${action} ${name}: ${reasons[0]}`)
  return { ...result, said }
}

const network = (service: string): Tie => ({ service, by: 'network' })

describe('withTied()', () => {
  test.each([
    ['network', 'the network'],
    ['ipc', 'the shared memory'],
    ['pid', 'the processes'],
    ['uts', 'the host name'],
    ['volumes', 'the volumes'],
  ] as const)('makes anew what uses the %s of a service that is made anew', (by, words) => {
    const { said, remade, started } = tied({
      ties: { web: [{ service: 'vpn', by }] },
      actions: { vpn: 'recreate', web: 'keep', other: 'keep' },
    })
    expect(said).toEqual([
      'recreate vpn: as it was',
      `recreate web: it uses ${words} of "vpn", which is made anew`,
      'keep other: as it was',
    ])
    expect(remade).toEqual(['id-web'])
    expect(started).toEqual([])
  })

  test.each(['create', 'remove', 'recreate'] as const)(
    'goes on to what uses that in turn, in any order, from one to %s',
    (action) => {
      const { said, remade } = tied({
        ties: { a: [network('b')], b: [network('vpn')] },
        actions: { a: 'keep', b: 'keep', vpn: action },
      })
      expect(said[0]).toContain('recreate a: it uses the network of "b"')
      expect(said[1]).toContain('recreate b: it uses the network of "vpn"')
      expect(remade).toEqual(['id-a', 'id-b'])
    },
  )

  test('takes first what is made anew by itself, and lets it keep its reason', () => {
    const { said, remade } = tied({
      ties: { web: [network('vpn')] },
      actions: { vpn: 'recreate', web: 'recreate' },
    })
    expect(said[1]).toBe('recreate web: as it was')
    expect(remade).toEqual(['id-web'])
  })

  test('leaves the owner alone when what uses it is made anew', () => {
    const actions = { vpn: 'keep', web: 'recreate' } as const
    const { said, remade } = tied({ ties: { web: [network('vpn')] }, actions })
    expect(said).toEqual(['keep vpn: as it was', 'recreate web: as it was'])
    expect(remade).toEqual([])
  })

  test('starts anew, behind it, what shares with a service that is started', () => {
    const { said, started, halted, remade } = tied({
      ties: {
        web: [network('vpn')],
        job: [network('vpn')],
        files: [{ service: 'vpn', by: 'volumes' }],
      },
      actions: { vpn: 'keep', web: 'keep', job: 'keep', files: 'keep' },
      containers: [
        of('vpn', { state: 'exited' }),
        of('web'),
        of('files'),
        of('job', { state: 'exited' }),
      ],
      started: ['vpn'],
    })
    expect(said[1]).toBe(
      'keep web: it is started anew: it uses the network of "vpn", which is started',
    )
    expect(started).toEqual(['vpn', 'web'])
    expect(halted).toEqual(['id-web'])
    expect(remade).toEqual([])
  })

  test('makes anew what depends_on restarts with a service that is made anew, where it runs', () => {
    const ties = { web: [{ service: 'db', by: 'restart' } as const] }
    const anew = tied({ ties, actions: { db: 'recreate', web: 'keep' } })
    expect(anew.said[1]).toBe(
      'recreate web: depends_on wants it to restart with "db", which is made anew',
    )
    expect([anew.started, anew.halted, anew.remade]).toEqual([[], [], ['id-web']])
    const started = tied({ ties, actions: { db: 'keep', web: 'keep' }, started: ['db'] })
    expect([started.started, started.halted]).toEqual([['db'], []])
    const down = of('web', { state: 'exited' })
    const stopped = tied({ ties, actions: { db: 'recreate', web: 'keep' }, containers: [down] })
    expect([stopped.remade, stopped.said[1]]).toEqual([[], 'keep web: as it was'])
  })

  test('starts anew what was left behind in an old namespace', () => {
    const joins = [{ container: 'id-vpn', what: 'network', lasts: 'over-crashes' } as const]
    const containers = [of('vpn', { startedAt: 5_000 }), of('web', { startedAt: 4_000, joins })]
    const actions = { vpn: 'keep', web: 'keep' } as const
    const { started, halted, said, plan } = tied({ ties: {}, actions, containers })
    expect([started, halted]).toEqual([['web'], ['id-web']])
    expect(plan[1]?.and).toEqual(['restart'])
    expect(said[1]).toContain('what it shares was started after it')
  })

  test('starts nothing that is made anew for another tie', () => {
    const { started, halted, remade } = tied({
      ties: { web: [{ service: 'db', by: 'restart' }, network('vpn')] },
      actions: { db: 'recreate', vpn: 'recreate', web: 'keep' },
    })
    expect([started, halted, remade]).toEqual([[], [], ['id-web']])
  })

  test('does not take away what is not there', () => {
    const { remade, said } = tied({
      ties: { web: [network('vpn')] },
      actions: { vpn: 'recreate', web: 'create' },
      containers: [of('vpn')],
    })
    expect([remade, said[1]]).toEqual([[], 'create web: as it was'])
  })
})
