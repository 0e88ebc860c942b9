import { fstatSync } from 'node:fs'

import { expect, test } from 'vitest'

import { logFormat } from '../../../src/adapters/log/log-format.ts'

const stat = { dev: 9, ino: 4711 }

test.each([
  ['pretty', { isTerminal: true, journalStream: undefined, stat }],
  ['json', { isTerminal: false, journalStream: undefined, stat }],
  ['journal', { isTerminal: false, journalStream: '9:4711', stat }],
  // inherited from a service whose output we no longer write to
  ['json', { isTerminal: false, journalStream: '9:4712', stat }],
  ['pretty', { isTerminal: true, journalStream: '8:4711', stat }],
  ['json', { isTerminal: false, journalStream: '', stat }],
])('logFormat() chooses %s for %o', (format, sink) => {
  expect(logFormat(sink)).toBe(format)
})

test('logFormat() knows the journal by what fstat says of a real stream', () => {
  const { dev, ino } = fstatSync(1, { bigint: true })
  const journalStream = `${String(dev)}:${String(ino)}`
  expect(logFormat({ isTerminal: false, journalStream, stat: { dev, ino } })).toBe('journal')
})
