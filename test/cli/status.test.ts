import { describe, expect, test } from 'vitest'
import { printStatus } from '../../src/cli/status.ts'
import type { StackStatus, StatusAnswer } from '../../src/domain/answer/status.ts'
import { recordingIo } from './recording-io.ts'

const shop: StackStatus = {
  name: 'shop',
  state: 'proven',
  reason: '',
  commit: 'abcdef0123456789',
  at: null,
  services: [
    { name: 'web', state: 'running', health: 'healthy', image: 'ghcr.io/o/web:1', pin: 'pinned' },
    { name: 'db', state: 'missing', health: 'none', image: 'nginx', pin: 'unpinned' },
  ],
}
const idle: Omit<StatusAnswer, 'stacks'> = { revision: 'c0ffee', pending: 0, worker: 'running' }

function print(stack: Partial<StackStatus>, more: Partial<StatusAnswer> = {}) {
  const io = recordingIo('text')
  const code = printStatus(io, { ...idle, stacks: [{ ...shop, ...stack }], ...more })
  return { code, out: io.stdout() }
}

describe('printStatus()', () => {
  test('tells what runs of a stack, a line each', () => {
    const { out } = print({})
    expect(out.split('\n').map((line) => line.trim().split(/ {2,}/u))).toEqual([
      ['STACK', 'STATE', 'COMMIT', 'SERVICE', 'RUNS', 'IMAGE', 'WHY'],
      ['shop', 'proven', 'abcdef012345'],
      ['web', 'running, healthy', 'ghcr.io/o/web:1'],
      ['db', 'missing', 'nginx (unpinned)'],
      ['at c0ffee, 0 events pending'],
      [''],
    ])
  })

  test.each([
    ['proven', 0],
    ['deploying', 0],
    ['held', 0],
    ['vanished', 0],
    ['unknown', 0],
    ['failed', 1],
    ['rolled-back', 1],
    ['refused', 1],
    ['waiting', 1],
    ['interrupted', 1],
    ['drifted', 1],
  ] as const)('of a stack that is %s ends with %i', (state, code) => {
    expect(print({ state }).code).toBe(code)
  })

  test('tells where a refusal stands, and what to do about it', () => {
    const place = { file: '.magos.yaml', line: 2, column: 10 }
    const why = { reason: 'Cannot find "x"', remedy: 'write another' }
    const { out } = print({ state: 'refused', ...place, ...why })
    expect(out).toContain('.magos.yaml:2:10: Cannot find "x". Write another\n')
    expect(print({ state: 'held', reason: 'held by ada', remedy: 'Release it' }).out).not.toContain(
      'Release',
    )
  })

  test('tells that nobody works off what waits', () => {
    expect(print({}, { pending: 1, worker: 'none' }).out).toContain(
      'at c0ffee, 1 event pending, and no Magos runs to work them off\n',
    )
    expect(print({}, { pending: 2 }).out).toContain('at c0ffee, 2 events pending\n')
    expect(print({}, { worker: 'none', revision: null }).out).toContain(
      'at no commit yet, 0 events pending\n',
    )
  })
})
