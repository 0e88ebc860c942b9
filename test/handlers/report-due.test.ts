import { describe, expect, it } from 'vitest'
import { reportDue } from '../../handlers/report-due.ts'
import { MagosError } from '../../src/domain/error.ts'
import { createWorld, signal } from './world.ts'

const report = {
  kind: 'status',
  commit: 'a'.repeat(40),
  context: 'magos/nas',
  state: 'success',
  description: '1 succeeded',
} as const
const unused = {
  deployment: () => Promise.resolve(),
  checkRun: () => Promise.resolve(),
}
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
    const reports = { ...unused, status: () => Promise.reject(limit) }
    await expect(reportDue({ ...ctx, reports }, event, signal)).rejects.toMatchObject({
      code: 'rate-limit',
      retryAt: 5,
    })
  })

  it.each(['deployment', 'check-run'] as const)('tells the %s', async (kind) => {
    const { ctx, told } = createWorld({})
    const about = { commit: 'c', context: 'nas/shop' }
    const due =
      kind === 'deployment'
        ? ({ ...about, kind, state: 'success', description: '' } as const)
        : ({
            ...about,
            kind,
            conclusion: 'success',
            title: '',
            summary: '',
            annotations: [],
          } as const)
    await reportDue(ctx, { kind: 'report-due', report: due }, signal)
    expect(told).toEqual([due])
  })

  it('leaves out what the App is not allowed to tell, and says what to grant', async () => {
    const { ctx, lines } = createWorld({})
    const refused = new MagosError('unauthorized', 'Refused', { remedy: 'Grant it' })
    const reports = {
      status: () => Promise.reject(refused),
      deployment: () => Promise.reject(refused),
      checkRun: () => Promise.reject(refused),
    }
    const due = { ...report, kind: 'deployment' } as const
    await reportDue({ ...ctx, reports }, { ...event, report: due }, signal)
    expect(lines).toMatchObject([
      { level: 'warn', message: 'Not reported: Refused', fields: { remedy: 'Grant it' } },
    ])
    await expect(reportDue({ ...ctx, reports }, event, signal)).rejects.toBe(refused)
  })

  it('says nothing of a report where there is nobody to tell', async () => {
    const { ctx, lines } = createWorld({})
    await reportDue({ ...ctx, reports: null }, event, signal)
    expect(lines).toEqual([])
  })
})
