import { describe, expect, it } from 'vitest'
import { reportDue } from '../../handlers/report-due.ts'
import { MagosError } from '../../src/domain/error.ts'
import { createWorld, signal } from './world.ts'

const report = {
  commit: 'a'.repeat(40),
  context: 'magos/nas',
  state: 'success',
  description: '1 succeeded',
} as const
const event = { kind: 'report-due', report } as const

describe('reportDue()', () => {
  it('tells the status', async () => {
    const { ctx, told, lines } = createWorld({})
    expect(await reportDue(ctx, event, signal)).toEqual({
      answer: null,
      followUps: [],
      next: 'done',
    })
    expect(told).toEqual([report])
    expect(lines).toMatchObject([
      { level: 'debug', fields: { commit: report.commit, context: 'magos/nas' } },
    ])
  })

  it('throws what the report threw, so that it is told later', async () => {
    const { ctx } = createWorld({})
    const limit = new MagosError('rate-limit', 'Too many', { retryAt: 5 })
    const reports = { status: () => Promise.reject(limit) }
    await expect(reportDue({ ...ctx, reports }, event, signal)).rejects.toMatchObject({
      code: 'rate-limit',
      retryAt: 5,
    })
  })

  it('says nothing of a report where there is nobody to tell', async () => {
    const { ctx, lines } = createWorld({})
    await reportDue({ ...ctx, reports: null }, event, signal)
    expect(lines).toEqual([])
  })
})
