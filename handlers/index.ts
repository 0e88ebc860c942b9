import type { Event } from '../src/domain/event.ts'
import type { Context, Handled } from './context.ts'
import { commitReached } from './commit-reached.ts'
import { driftDetected } from './drift-detected.ts'
import { imagePublished } from './image-published.ts'
import { installationChanged } from './installation-changed.ts'
import { proposalsDue } from './proposals-due.ts'
import { pullRequestChanged } from './pull-request-changed.ts'
import { reportDue } from './report-due.ts'
import { revisionPushed } from './revision-pushed.ts'
import { rollbackRequested } from './rollback-requested.ts'
import { syncRequested } from './sync-requested.ts'
import { updateFailed } from './update-failed.ts'
import { versionsRequested } from './versions-requested.ts'

/** The table: which handler works off which event. */
export function handle(ctx: Context, event: Event, signal: AbortSignal): Promise<Handled> {
  switch (event.kind) {
    case 'image-published':
      return imagePublished(ctx, event, signal)
    case 'revision-pushed':
      return revisionPushed(ctx, event, signal)
    case 'proposals-due':
      return proposalsDue(ctx, event, signal)
    case 'pull-request-changed':
      return pullRequestChanged(ctx, event, signal)
    case 'installation-changed':
      return installationChanged(ctx, event, signal)
    case 'sync-requested':
      return syncRequested(ctx, event, signal)
    case 'rollback-requested':
      return rollbackRequested(ctx, event, signal)
    case 'versions-requested':
      return versionsRequested(ctx, event, signal)
    case 'commit-reached':
      return commitReached(ctx, event)
    case 'update-failed':
      return updateFailed(ctx, event, signal)
    case 'drift-detected':
      return driftDetected(ctx, event, signal)
    case 'report-due':
      return reportDue(ctx, event, signal)
  }
}
