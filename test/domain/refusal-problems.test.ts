import { describe, expect, it } from 'vitest'
import { refusalProblems } from '../../src/domain/refusal-problems.ts'

const refused = {
  stack: 'web',
  reason: 'Settle window is no duration',
  remedy: 'Correct it; until then the stack is left alone',
  file: '.magos.yaml',
  line: 2,
  column: 9,
  hosts: null,
}
const told = {
  file: '.magos.yaml',
  line: 2,
  column: 9,
  severity: 'error',
  code: 'configuration',
  message: refused.reason,
  remedy: 'Correct it',
} as const

describe('refusalProblems()', () => {
  it('tells a refused stack where it is refused, at the file’s start where nobody knows', () => {
    const { stack, reason, remedy, file, hosts } = refused
    const placeless = { stack, reason, remedy, file, hosts }
    expect(refusalProblems([refused, placeless], [])).toMatchObject([
      { file: '.magos.yaml', line: 2, column: 9, code: 'stack', message: refused.reason },
      { file: '.magos.yaml', line: 1, column: 1, remedy: refused.remedy },
    ])
  })

  it('tells nothing twice', () => {
    expect(refusalProblems([refused], [told])).toEqual([])
    expect(refusalProblems([refused], [{ ...told, line: 3 }])).toHaveLength(1)
  })
})
