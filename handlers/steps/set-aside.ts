import type { Deployment, ObservedState } from '../../src/domain/deployment.ts'
import type { MagosError } from '../../src/domain/error.ts'
import { guidanceOf } from '../../src/domain/guidance.ts'
import { tellingOrigin } from '../../src/domain/origin.ts'
import type { AsideState } from '../../src/ports.ts'
import type { Context } from '../context.ts'
import type { RepositoryView } from '../views.ts'
import { runsOn } from './still-proven.ts'
import { news, newsUntold } from './stack-result.ts'
import type { StackResult } from '../stack-result.ts'

type Aside = Deployment & Pick<AsideState, 'outcome'>

/** Nothing was touched, so every pass looks again; it is remembered and told once a commit. */
export function setAside(ctx: Context, view: RepositoryView, deployment: Aside): StackResult {
  const { history } = ctx
  const { commit } = view.revision
  const { stack, outcome, reason, hold } = deployment
  const before = history.aside(stack)
  if (before?.commit === commit && before.reason === reason && before.outcome === outcome) {
    return { deployment, news: newsUntold(ctx, view, before) }
  }
  const why = hold === undefined ? {} : { hold }
  const aside = { stack, commit, outcome, reason, at: ctx.now, ...guidanceOf(deployment), ...why }
  history.setAside(aside, { origin: tellingOrigin(ctx.origins), services: [] })
  return news(deployment)
}

/** A stack that cannot be read or resolved. Where it was proven before, that state runs on, and is told to. */
export function refusal(
  { history }: Context,
  stack: string,
  { message, remedy, place }: MagosError,
  observed: ObservedState,
): Aside {
  const proven = history.proven(stack)
  const isRunning = proven !== null && runsOn(proven, observed)
  return {
    stack,
    outcome: isRunning ? 'rolled-back' : 'failed',
    services: [],
    reason: isRunning ? `${message}; ${runsUntouched(proven)}` : message,
    ...(remedy === undefined ? {} : { remedy }),
    ...place,
  }
}

/** Says that the last good state was never left. */
export function runsUntouched({ commit }: { readonly commit: string }): string {
  return `nothing was touched, and the last good state runs on (${commit.slice(0, 12)})`
}
