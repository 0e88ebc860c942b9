import { describe, expect, it } from 'vitest'
import { assignedValues } from '../../../src/domain/sops/assigned-values.ts'

const values = (text: string) => assignedValues(new TextEncoder().encode(text))

describe('assignedValues()', () => {
  it('are those of every assignment, without their quotes', () => {
    expect(values('# all\nA=hunter2\nexport B="two words"\n\nC=\'$x\' # why\n')).toEqual([
      'hunter2',
      'two words',
      '$x',
    ])
  })

  it.each([
    ['nothing', ''],
    ['a key', '-----BEGIN KEY-----\nabc=\n-----END KEY-----\n'],
    ['a text with an assignment in it', 'Dear all,\nA=1234\n'],
    ['bytes', '\u0000\u0001'],
  ])('are none of %s', (_title, text) => {
    expect(values(text)).toEqual([])
  })
})
