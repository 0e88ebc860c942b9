import type { InstallationChanged } from '../src/domain/event.ts'
import type { InstallationState } from '../src/ports.ts'
import type { Context, Handled } from './context.ts'

/**
 * Asks the API what the App may do now. Where it may work again, everything is looked at anew, for what came while it
 * might not was lost.
 */
export async function installationChanged(
  ctx: Context,
  _event: InstallationChanged,
  signal: AbortSignal,
): Promise<Handled<InstallationState | null>> {
  if (ctx.installation === null) return { answer: null, followUps: [], next: 'done' }
  const state = await ctx.installation.state(signal)
  if (state.outcome !== 'ready') {
    ctx.log.error({ remedy: state.remedy }, `GitHub App is ${state.outcome}: ${state.reason}`)
    return { answer: state, followUps: [], next: 'done' }
  }
  ctx.log.info({}, 'GitHub App is ready')
  const origin = { source: 'own' } as const
  return {
    answer: state,
    followUps: [
      { event: { kind: 'image-published', repositories: 'all' }, origin },
      { event: { kind: 'revision-pushed' }, origin },
    ],
    next: 'done',
  }
}
