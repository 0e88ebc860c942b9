import type { InstallationChanged } from '../src/domain/event.ts'
import type { Installation, InstallationState } from '../src/ports.ts'
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
  const state = await tellInstallation({ log: ctx.log, installation: ctx.installation }, signal)
  if (state.outcome !== 'ready') return { answer: state, followUps: [], next: 'done' }
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

/** Asks what the App may do, and says in the log what is in the way of it. */
export async function tellInstallation(
  { log, installation }: Pick<Context, 'log'> & { readonly installation: Installation },
  signal: AbortSignal,
): Promise<InstallationState> {
  const state = await installation.state(signal)
  if (state.outcome !== 'ready') {
    log.error({ remedy: state.remedy }, `GitHub App is ${state.outcome}: ${state.reason}`)
    return state
  }
  const { warning } = state
  if (warning !== undefined) log.warn({ remedy: warning.remedy }, `Branch: ${warning.reason}`)
  log.info({}, 'GitHub App is ready')
  return state
}
