import { expect, test } from 'vitest'

import { add, tally, tallyLine } from '../tally.ts'

test('tally() counts tests by how they ended; todo and pending are skipped ones', () => {
  const text = report(['passed', ['passed', 'skipped', 'todo', 'passed']], ['passed', ['pending']])
  expect(tally(text, 0)).toEqual({ passed: 2, failed: 0, skipped: 3 })
})

test('tally() counts failed tests, and not their file once more', () => {
  expect(tally(report(['failed', ['failed', 'failed', 'passed']]), 1)).toEqual({
    passed: 1,
    failed: 2,
    skipped: 0,
  })
})

test.each([
  ['a file that failed in an import', report(['failed', []]), 1],
  ['a file that failed in a hook', report(['failed', ['skipped']]), 1],
  ['a file that failed although the run says it is well', report(['failed', ['passed']]), 0],
  ['a run that failed outside its files', report(['passed', ['passed']]), 1],
  ['a run that a signal ended', report(['passed', ['passed']]), null],
  ['a run without tests', report(), 0],
  ['a run without a report', null, 0],
  ['a report cut short', '{"testResults":[', 0],
  ['a report of something else', '{}', 0],
])('tally() counts %s as one failure', (_, text, exitCode) => {
  expect(tally(text, exitCode).failed).toBe(1)
})

test('tallyLine() writes the line that scripts read', () => {
  const total = add({ passed: 1, failed: 2, skipped: 3 }, { passed: 10, failed: 20, skipped: 30 })
  expect(tallyLine(total)).toBe('11 passed, 22 failed, 33 skipped')
})

function report(...files: readonly (readonly [string, readonly string[]])[]): string {
  const testResults = files.map(([status, tests]) => ({
    name: 'a.test.ts',
    status,
    assertionResults: tests.map((each) => ({ status: each })),
  }))
  return JSON.stringify({ testResults })
}
