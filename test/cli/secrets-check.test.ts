import { expect, test } from 'vitest'
import { printSecretsCheck } from '../../src/cli/secrets-check.ts'
import type { SecretsCheckAnswer } from '../../src/domain/answer/secrets-check.ts'
import { recordingIo } from './recording-io.ts'

const answer: SecretsCheckAnswer = {
  revision: 'abc',
  files: [
    { file: 'a.env', outcome: 'opens' },
    {
      file: 'b.env',
      outcome: 'refused',
      code: 'mac-mismatch',
      reason: 'its MAC',
      line: 7,
      remedy: 'Mend it',
    },
    { file: 'c.env', outcome: 'refused', code: 'no-identity', reason: 'no key' },
  ],
  warnings: [],
}

test('printSecretsCheck() names the files that do not open, and why', () => {
  const io = recordingIo('text')
  expect(printSecretsCheck(io, answer)).toBe(1)
  expect(io.stdout()).toBe(
    'CANNOT OPEN  WHY\nb.env:7      its MAC. Mend it\nc.env        no key\n1 of 3 encrypted files open, at abc\n',
  )
})

test('printSecretsCheck() is content where all open, or there is none', () => {
  const io = recordingIo('text')
  expect(printSecretsCheck(io, { ...answer, files: [] })).toBe(0)
  expect(io.stdout()).toBe('0 of 0 encrypted files open, at abc\n')
})

test('printSecretsCheck() only tells of files in the clear', () => {
  const io = recordingIo('text')
  const warnings = [{ file: '.sops.yaml', line: 2, reason: 'Its rules' }]
  expect(printSecretsCheck(io, { ...answer, files: [], warnings })).toBe(0)
  expect(io.stdout()).toBe(
    'IN THE CLEAR  WHY NOT\n.sops.yaml:2  Its rules\n0 of 0 encrypted files open, at abc\n',
  )
})

test('printSecretsCheck() prints one JSON document', () => {
  const io = recordingIo('json')
  expect(printSecretsCheck(io, answer)).toBe(1)
  expect(JSON.parse(io.stdout())).toEqual(answer)
})
