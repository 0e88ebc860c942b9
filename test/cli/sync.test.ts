import { describe, expect, test } from 'vitest'
import { printSync } from '../../src/cli/sync.ts'
import type { Deployment } from '../../src/domain/deployment.ts'
import { recordingIo } from './recording-io.ts'

function print(deployment: Partial<Deployment>) {
  const io = recordingIo('text')
  const services = [
    { name: 'a', action: 'recreate', reasons: [] },
    { name: 'b', action: 'keep', and: ['restart'], reasons: [] },
    { name: 'c', action: 'keep', reasons: [] },
  ] as const
  const one = {
    stack: 'shop',
    outcome: 'succeeded',
    services,
    reason: 'steady',
    ...deployment,
  } as const
  const answer = { revision: 'c0ffee', commits: [], held: [], deployments: [one] }
  const code = printSync(io, answer)
  return { code, row: io.stdout().split('\n')[1]?.split(/ {2,}/u) }
}

describe('printSync()', () => {
  test('says what was done to services, those that were kept included', () => {
    const row = ['shop', 'succeeded', 'recreate a, restart b', 'steady']
    expect(print({})).toEqual({ code: 0, row })
  })

  test('shows no work on a stack that was left alone', () => {
    const row = ['shop', 'held', 'wait. Say where']
    expect(print({ outcome: 'held', reason: 'wait', remedy: 'say where' })).toEqual({
      code: 1,
      row,
    })
  })

  test('says where a failure stands', () => {
    const place = { file: 'a.yaml', line: 2, column: 3 }
    const row = ['shop', 'failed', 'recreate a, restart b', 'a.yaml:2:3: no']
    expect(print({ outcome: 'failed', reason: 'no', ...place })).toEqual({ code: 1, row })
  })
})
