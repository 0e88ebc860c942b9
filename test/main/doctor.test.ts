import { describe, expect, it } from 'vitest'
import { MagosError } from '../../src/domain/error.ts'
import { unconfigured } from '../../src/main/doctor.ts'

describe('unconfigured()', () => {
  it('makes a check of each problem of the configuration', () => {
    const error = new MagosError('configuration', 'Cannot use it: 2 problems\n  A: no\n  B: none')
    expect(unconfigured(error).checks).toEqual([
      expect.objectContaining({ name: 'configuration', status: 'fail', detail: 'A: no' }),
      expect.objectContaining({ name: 'configuration', status: 'fail', detail: 'B: none' }),
    ])
  })

  it('tells a single one as it is, and throws what is none', () => {
    const one = new MagosError('configuration', 'Cannot use it', { remedy: 'Do' })
    expect(unconfigured(one).checks).toMatchObject([{ detail: 'Cannot use it', remedy: 'Do' }])
    const other = new MagosError('network', 'Away')
    expect(() => unconfigured(other)).toThrow(other)
  })
})
