import { describe, expect, it } from 'vitest'
import { isCheckDue, shallDrive } from '../../../src/adapters/engine/health.ts'
import { readContainer } from '../../../src/adapters/engine/inspect.ts'
import type { Inspected } from '../../../src/adapters/engine/inspect.ts'
import { PODMAN_4_3 } from './shapes.ts'
import { scriptedRun } from './scripted-run.ts'

const LOOK = 500
const CHECK = { interval: 10_000, startPeriod: 0, retries: 3 }

describe('isCheckDue()', () => {
  it.each([
    ['at once, when it alone does not decide', CHECK, null, 100, true],
    ['not at once, when it alone decides', { ...CHECK, retries: 1 }, null, 100, false],
    ['after its interval, when it alone decides', { ...CHECK, retries: 1 }, null, 10_000, true],
    ['not before its interval is over', CHECK, 100, 9000, false],
    ['when its interval is over', CHECK, 100, 10_100, true],
    ['at every look in its start period', { ...CHECK, startPeriod: 5000 }, 1000, 1500, true],
    ['not twice in one look', { ...CHECK, startPeriod: 5000 }, 1000, 1400, false],
    ['by its interval after the start period', { ...CHECK, startPeriod: 5000 }, 4900, 6000, false],
    ['not without a check', null, null, 100, false],
  ])('is due %s', (_name, check, last, now, due) => {
    expect(isCheckDue(inspected(check, 'running'), last, now, LOOK)).toBe(due)
  })

  it('is not due in a container that does not run', () => {
    expect(isCheckDue(inspected(CHECK, 'exited'), null, 100, LOOK)).toBe(false)
  })
})

describe('shallDrive()', () => {
  it.each([
    ['podman', 'always', true],
    ['podman', 'never', false],
    ['docker', 'always', false],
    ['docker', 'when-no-systemd', false],
  ] as const)('of %s, %s: %s', (runtime, drives, expected) => {
    const { run } = scriptedRun(() => undefined)
    expect(shallDrive({ runtime, run }, drives)).toBe(expected)
  })
})

function inspected(check: Inspected['check'], state: 'running' | 'exited'): Inspected {
  const read = readContainer(PODMAN_4_3)
  if (read === null) throw new Error('the shape is a container')
  return { ...read, check, container: { ...read.container, state, startedAt: 0 } }
}
