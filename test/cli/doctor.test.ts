import { describe, expect, it } from 'vitest'
import { printDoctor } from '../../src/cli/doctor.ts'
import { fail, ok, warn, type Check } from '../../src/domain/doctor/check.ts'
import { recordingIo } from './recording-io.ts'

function print(checks: readonly Check[], fixed: readonly string[] = []) {
  const io = recordingIo('text')
  const code = printDoctor(io, { checks, fixed })
  return { code, lines: io.stdout().split('\n') }
}

describe('printDoctor()', () => {
  it('puts each remedy below what it is for, and counts at the end', () => {
    const checks = [
      ok('engine', 'podman'),
      fail('tun', 'closed', 'open it'),
      warn('time', 'off', 'x'),
    ]
    expect(print(checks, ['closed /data to others'])).toEqual({
      code: 1,
      lines: [
        'fixed: closed /data to others',
        'STATUS  CHECK   FOUND',
        'ok      engine  podman',
        'fail    tun     closed',
        '                → open it',
        'warn    time    off',
        '                → x',
        '1 of 3 checks failed, and 1 to know of: each has its remedy below it',
        '',
      ],
    })
  })

  it('ends with 0 where nothing is in the way', () => {
    const { code, lines } = print([ok('engine', 'podman'), warn('time', 'off', 'x')])
    expect(code).toBe(0)
    expect(lines.at(-2)).toBe('Nothing is in the way; 1 of 2 checks tell of something to know')
    expect(print([ok('engine', 'podman')]).lines.at(-2)).toBe(
      'Nothing is in the way: all checks are well',
    )
  })
})
