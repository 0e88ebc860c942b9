import { asMagosError } from '../src/domain/error.ts'
import type { Report, ReportDue } from '../src/domain/event.ts'
import type { Reports } from '../src/ports.ts'
import type { Context, Handled } from './context.ts'

/**
 * Tells one report about a commit, where there is somebody to tell. Statuses are what a GitHub App must be allowed;
 * what else it is not allowed is told to nobody, and said once in the log.
 */
export async function reportDue(
  ctx: Context,
  { report }: ReportDue,
  signal: AbortSignal,
): Promise<Handled<null>> {
  if (ctx.reports !== null) {
    const { commit, context, kind } = report
    try {
      await tell(ctx.reports, report, signal)
      ctx.log.debug({ commit, context, kind }, `Reported ${wordOf(report)}`)
    } catch (thrown) {
      const { code, message, remedy } = asMagosError(thrown)
      if (kind === 'status' || code !== 'unauthorized') throw thrown
      ctx.log.warn({ commit, context, kind, remedy }, `Not reported: ${message}`)
    }
  }
  return { answer: null, followUps: [], next: 'done' }
}

function tell(reports: Reports, report: Report, signal: AbortSignal): Promise<void> {
  switch (report.kind) {
    case 'status':
      return reports.status(report, signal)
    case 'deployment':
      return reports.deployment(report, signal)
    case 'check-run':
      return reports.checkRun(report, signal)
  }
}

function wordOf(report: Report): string {
  return report.kind === 'check-run' ? report.conclusion : report.state
}
