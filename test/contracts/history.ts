import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { FailedState, History, ProvenState } from '../../src/ports.ts'

export interface HistoryUnderTest {
  readonly history: History
  close(): void
}

const STARTED = { stack: 'web', commit: 'c1', inputs: 'i1', at: 100 }

const CAUSE = { origin: { source: 'poll' }, services: [] } as const

const proven = (changes: Partial<ProvenState> = {}): ProvenState => ({
  stack: 'web',
  project: 'web',
  commit: 'c1',
  inputs: 'i1',
  services: { app: 'h1', db: 'h2' },
  provider: 'podman-compose',
  at: 200,
  ...changes,
})

const failed = (changes: Partial<FailedState> = {}): FailedState => ({
  stack: 'web',
  commit: 'c1',
  inputs: 'i1',
  reason: 'service "app" is unhealthy',
  retry: 'when-changed',
  words: 'app: going down',
  at: 200,
  restored: 'none',
  restoring: '',
  ...changes,
})

/** What every `History` must do. */
export function historyContract(name: string, open: () => HistoryUnderTest): void {
  describe(`History contract: ${name}`, () => {
    let subject: HistoryUnderTest
    let history: History

    beforeEach(() => {
      subject = open()
      history = subject.history
    })
    afterEach(() => subject.close())

    const outcomes = () => history.deployments(10).map(({ outcome }) => outcome)

    test('a new history knows nothing', () => {
      expect(history.aside('web')).toBeNull()
      expect(history.proven('web')).toBeNull()
      expect(history.failed('web')).toBeNull()
      expect(history.deployments(10)).toEqual([])
      expect(history.interrupted(1)).toEqual([])
      expect(history.reached()).toBeNull()
      expect(history.reachedAt()).toBe(0)
      expect(history.isOurs('c1')).toBe(false)
    })

    test('begin() journals a deployment that is open until it ends', () => {
      const id = history.begin(STARTED)

      expect(history.deployments(10)).toEqual([
        {
          id,
          stack: 'web',
          commit: 'c1',
          inputs: 'i1',
          startedAt: 100,
          endedAt: null,
          outcome: null,
          reason: '',
          cause: null,
        },
      ])
    })

    test('begin() keeps why it was begun, in every detail', () => {
      const origin = { source: 'webhook', event: 'push', delivery: 'd1', ref: 'r' } as const
      const images = { from: 'b:1', to: 'b:1' }
      const and = ['start', 'restart', 'signal HUP'] as const
      const kept = { name: 'db', action: 'keep', and, reasons: [], ...images } as const
      const app = { name: 'app', action: 'recreate', from: null, to: 'a:2' } as const
      const cause = { origin, services: [{ ...app, reasons: ['image', 'ö'] }, kept] }
      history.succeed(history.begin({ ...STARTED, cause }), proven(), 'healthy')
      history.begin({ ...STARTED, stack: 'db', cause: { origin: null, services: [] } })

      expect(history.deployments(10).map((one) => one.cause)).toEqual([
        { origin: null, services: [] },
        cause,
      ])
    })

    test('begin() interrupts what its stack left open, and nothing else', () => {
      const ended = history.begin(STARTED)
      history.succeed(ended, proven(), 'healthy')
      const other = history.begin({ ...STARTED, stack: 'db' })
      const left = history.begin({ ...STARTED, at: 300 })
      const id = history.begin({ ...STARTED, at: 400 })

      expect(history.deployments(10)).toMatchObject([
        { id, outcome: null, endedAt: null },
        { id: left, outcome: 'interrupted', startedAt: 300, endedAt: 400 },
        { id: other, outcome: null, endedAt: null },
        { id: ended, outcome: 'succeeded', endedAt: 200 },
      ])
    })

    test('succeed() proves the state, ends the deployment and forgets the failure', () => {
      history.fail(history.begin(STARTED), failed())
      history.succeed(history.begin({ ...STARTED, at: 150 }), proven(), 'healthy')

      expect(history.proven('web')).toEqual(proven())
      expect(history.failed('web')).toBeNull()
      expect(history.deployments(10)).toMatchObject([
        { outcome: 'succeeded', reason: 'healthy', startedAt: 150, endedAt: 200 },
        { outcome: 'failed' },
      ])
    })

    test('fail() remembers the failure and leaves what was proven', () => {
      history.succeed(history.begin(STARTED), proven(), 'healthy')
      const id = history.begin({ ...STARTED, commit: 'c2', inputs: 'i2' })
      const failure = failed({ commit: 'c2', inputs: 'i2', retry: 'next-pass', at: 300 })
      history.fail(id, failure)
      const refused = { ...failure, stack: 'db', remedy: 'Mend it', file: 'db/a.env', line: 2 }
      history.fail(history.begin({ ...STARTED, stack: 'db' }), refused)
      expect(history.failed('db')).toEqual(refused)

      expect(history.proven('web')).toEqual(proven())
      expect(history.failed('web')).toEqual(failure)
      expect(history.deployments(2).slice(1)).toMatchObject([
        { id, outcome: 'failed', endedAt: 300, reason: failure.reason },
      ])
    })

    test('fail() with the last good state running on is a rollback', () => {
      history.fail(history.begin(STARTED), failed({ restored: 'done', restoring: 'it runs on' }))
      expect(history.failed('web')).toMatchObject({ restored: 'done', restoring: 'it runs on' })
      expect(outcomes()).toEqual(['rolled-back'])
    })

    test('fail() of a newer state replaces the older failure', () => {
      history.fail(history.begin(STARTED), failed())
      const newer = failed({ inputs: 'i2', reason: 'other' })
      history.fail(history.begin(STARTED), newer)

      expect(history.failed('web')).toEqual(newer)
    })

    test('prove() needs no deployment, and forgets only a failure of that very state', () => {
      history.fail(history.begin(STARTED), failed({ inputs: 'bad' }))
      history.prove(proven({ inputs: 'good' }))
      expect(history.proven('web')?.inputs).toBe('good')
      expect(history.failed('web')?.inputs).toBe('bad')

      history.prove(proven({ inputs: 'bad', provider: 'docker-compose' }))
      expect(history.failed('web')).toBeNull()
      expect(history.proven('web')?.provider).toBe('docker-compose')
      expect(history.deployments(10)).toHaveLength(1)
    })

    test('restore() says what became of the last good state, and whether that was a rollback', () => {
      const ids = ['i1', 'i2'].map((inputs) => {
        const id = history.begin({ ...STARTED, inputs })
        history.fail(id, failed({ inputs, restored: 'due' }))
        return id
      })
      history.setAside({ stack: 'web', commit: 'c2', outcome: 'held', reason: 'r', at: 250 }, CAUSE)
      history.restore('web', { restored: 'failed', restoring: 'it crashed too' })
      expect(history.failed('web')).toMatchObject({
        inputs: 'i2',
        restored: 'failed',
        restoring: 'it crashed too',
      })
      expect(outcomes()).toEqual(['held', 'failed', 'failed'])

      history.restore('web', { restored: 'done', restoring: 'runs again' })
      expect(history.failed('web')).toMatchObject({ restored: 'done', restoring: 'runs again' })
      expect(outcomes()).toEqual(['held', 'rolled-back', 'failed'])
      expect(history.deployments(3)[1]?.id).toBe(ids[1])

      history.restore('db', { restored: 'done', restoring: '' })
      expect(history.failed('db')).toBeNull()
    })

    test('setAside() notes an ending of its own, and touches neither proof nor failure', () => {
      history.succeed(history.begin(STARTED), proven(), 'healthy')
      history.fail(history.begin({ ...STARTED, inputs: 'bad' }), failed({ inputs: 'bad' }))
      const where = { file: 'web/compose.yaml', line: 3, column: 5, remedy: 'Mend it' }
      const outcome = 'held' as const
      const aside = { stack: 'web', commit: 'c2', outcome, reason: 'later', at: 300, ...where }
      history.setAside({ ...aside, hold: 'operator' }, CAUSE)
      expect(history.aside('web')).toEqual({ ...aside, hold: 'operator' })
      history.setAside(aside, CAUSE)
      expect(history.aside('web')).toEqual(aside)
      expect(history.aside('db')).toBeNull()
      expect(history.proven('web')).toEqual(proven())
      expect(history.failed('web')).toMatchObject({ inputs: 'bad' })
      expect(history.deployments(1)).toMatchObject([
        { stack: 'web', commit: 'c2', startedAt: 300, endedAt: 300, outcome, cause: CAUSE },
      ])
      expect(history.interrupted(400)).toEqual([])
    })

    test.each<[string, (stack: string) => void]>([
      ['resume', (stack) => history.resume(stack)],
      ['succeed', (stack) => history.succeed(history.begin(STARTED), proven({ stack }), 'healthy')],
      ['fail', (stack) => history.fail(history.begin(STARTED), failed({ stack }))],
      ['prove', (stack) => history.prove(proven({ stack }))],
    ])('%s() ends what setAside() noted, of that stack alone', (_name, end) => {
      for (const stack of ['web', 'db']) {
        history.setAside({ stack, commit: 'c2', outcome: 'failed', reason: 'r', at: 300 }, CAUSE)
      }
      end('web')
      expect(history.aside('web')).toBeNull()
      expect(history.aside('db')).not.toBeNull()
    })

    test('stacks() names those of which something is known, in order; their past alone is nothing', () => {
      history.setAside({ ...STARTED, stack: 'c', outcome: 'held', reason: 'r', at: 300 }, CAUSE)
      history.prove(proven({ stack: 'b' }))
      history.fail(history.begin({ ...STARTED, stack: 'a' }), failed({ stack: 'a' }))
      history.prove(proven({ stack: 'a' }))
      history.begin({ ...STARTED, stack: 'd' })
      expect(history.stacks()).toEqual(['a', 'b', 'c'])

      history.resume('c')
      expect(history.stacks()).toEqual(['a', 'b'])
    })

    test('forget() leaves the past of the stack, and tells how it ended', () => {
      for (const stack of ['web', 'db']) {
        history.fail(history.begin({ ...STARTED, stack }), failed({ stack }))
        history.prove(proven({ stack, inputs: 'i2' }))
        const aside = { stack, commit: 'c2', outcome: 'failed', reason: 'r', at: 300 } as const
        history.setAside(aside, CAUSE)
      }
      history.forget('web', null)
      expect(history.deployments(10)).toHaveLength(4)
      const gone = {
        name: 'app',
        action: 'remove',
        reasons: ['left'],
        from: 'a:1',
        to: null,
      } as const
      const cause = { ...CAUSE, services: [gone] }
      history.forget('web', { commit: 'c3', at: 400, reason: 'left', cause })

      const known = [history.proven('web'), history.failed('web'), history.aside('web')]
      expect(known).toEqual([null, null, null])
      expect(history.stacks()).toEqual(['db'])
      expect(history.deployments(10)).toHaveLength(5)
      const record = { stack: 'web', commit: 'c3', reason: 'left', cause, outcome: 'succeeded' }
      expect(history.deployments(1)).toMatchObject([{ ...record, startedAt: 400, endedAt: 400 }])
    })

    test('stacks do not share what is proven and failed', () => {
      history.prove(proven())
      history.fail(history.begin({ ...STARTED, stack: 'db' }), failed({ stack: 'db' }))

      expect(history.failed('web')).toBeNull()
      expect(history.proven('db')).toBeNull()
    })

    test('interrupted() closes what a dead process left open, and returns it once', () => {
      history.succeed(history.begin(STARTED), proven(), 'healthy')
      const id = history.begin({ ...STARTED, stack: 'db', at: 150 })

      const record = { id, stack: 'db', startedAt: 150, endedAt: 900, outcome: 'interrupted' }
      expect(history.interrupted(900)).toMatchObject([record])
      expect(history.interrupted(901)).toEqual([])
      expect(history.deployments(1)).toMatchObject([record])
    })

    test('deployments() gives the newest first, and no more than asked', () => {
      const ids = ['a', 'b', 'c'].map((stack) => history.begin({ ...STARTED, stack }))

      expect(history.deployments(2).map(({ id }) => id)).toEqual([ids[2], ids[1]])
    })

    test('committed() marks a commit as ours; twice is once', () => {
      history.committed('c1', 100)
      history.committed('c1', 200)

      expect(history.isOurs('c1')).toBe(true)
      expect(history.isOurs('c2')).toBe(false)
    })

    test('reach() replaces the commit that was reached before', () => {
      history.reach('c1', 100)
      history.reach('c2', 200)

      expect(history.reached()).toBe('c2')
      expect(history.reachedAt()).toBe(200)
    })
  })
}
