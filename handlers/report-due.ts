import type { ReportDue } from '../src/domain/event.ts'
import type { Context, Handled } from './context.ts'

/** Tells one commit's status, where there is somebody to tell. */
export async function reportDue(
  ctx: Context,
  { report }: ReportDue,
  signal: AbortSignal,
): Promise<Handled<null>> {
  if (ctx.reports !== null) {
    await ctx.reports.status(report, signal)
    ctx.log.debug({ commit: report.commit, context: report.context }, `Reported ${report.state}`)
  }
  return { answer: null, followUps: [], next: 'done' }
}
