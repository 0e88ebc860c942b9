import type { Departure } from '../../src/domain/deploy/departure.ts'
import { askedAgain, leaveToMend } from '../../src/domain/deploy/trouble.ts'
import type { Deployment, ObservedState } from '../../src/domain/deployment.ts'
import type { Hold } from '../../src/domain/hold.ts'
import type { Asked } from '../../src/domain/turn.ts'
import type { Entered, ProvenState } from '../../src/ports.ts'
import type { Context, DriftRule } from '../context.ts'
import { healStack, setBack, type Ailment } from './heal-stack.ts'
import { holdStopped } from './hold-stopped.ts'
import { hasSecrets, laySecrets } from './lay-secrets.ts'
import type { StackSource } from './read-stack.ts'
import { containersOf, type ResolvedStack } from './resolve-stack.ts'
import { allDepartures, stackDrift } from './stack-drift.ts'

export interface Keeping {
  /** What git says of the stack. */
  readonly source: StackSource
  /** What shall run: the same, or the last good state where that failed. */
  readonly proven: ProvenState
  readonly observed: ObservedState
  readonly departures: readonly Departure[]
  readonly asked: Asked
  readonly act: Entered['act']
  /** Resolves the proven state; asked only where something is to be done. */
  readonly resolve: () => Promise<ResolvedStack>
}

export type Kept =
  /** It is as it was proven, or will be told when it stands still. */
  | { readonly kept: 'as-it-is'; readonly reason: string }
  | { readonly kept: 'held'; readonly hold: Hold }
  | { readonly kept: 'mended'; readonly deployment: Deployment; readonly news: 'news' | 'known' }

/** Instead of inputs: what was only told was never tried. */
const REPORTED = ''
const PROVEN: Kept = { kept: 'as-it-is', reason: 'nothing changed since it was proven' }

/** Keeps a stack of which git says what was proven last: as it was proven, or as a person left it. */
export async function keepStack(
  ctx: Context,
  keeping: Keeping,
  signal: AbortSignal,
): Promise<Kept> {
  const { source, proven, observed, departures, asked, act } = keeping
  const stack = source.stack.name
  const containers = containersOf(proven.project, observed)
  const resolve = once(keeping.resolve)
  // After a boot nothing is in memory any more, and whatever starts containers must find it there.
  if (!(await hasSecrets(ctx, proven, observed, signal))) {
    await act(async () => laySecrets(ctx, await resolve(), signal))
  }
  const all = await allDepartures(ctx, proven, containers, departures, signal)
  const drift = stackDrift(ctx, proven, containers, all, asked)
  if (drift.state === 'none') {
    const noted = ctx.upkeep.trouble(stack)
    if (noted?.inputs === REPORTED) ctx.upkeep.forgive(stack)
    return PROVEN
  }
  if (drift.state === 'moving') return { kept: 'as-it-is', reason: drift.reason }
  if (asked === 'by-event') {
    if (drift.state === 'stopped-by-hand') return holdStopped(ctx, source, drift.reason, signal)
    if (drift.state === 'drifted' && ruleOf(ctx, stack) === 'report') {
      return report(ctx, stack, drift.faults)
    }
  }
  const noted = ctx.upkeep.trouble(stack)
  const known = asked === 'by-person' ? askedAgain(noted) : noted
  const leave = leaveToMend(known, { stack, inputs: proven.inputs, now: ctx.now })
  if (leave.leave !== 'go')
    return { kept: 'mended', deployment: setBack(stack, leave), news: 'known' }
  const cause = drift.state === 'unproven' ? 'unproven' : 'drift'
  const ailment: Ailment = { cause, faults: drift.faults, trouble: leave.trouble }
  return act(async (): Promise<Kept> => {
    // It may have waited for room, and nobody who holds a stack waits for that.
    const hold = await ctx.holds.held(stack)
    if (hold !== null) return { kept: 'held', hold }
    const { deployment, news } = await healStack(ctx, await resolve(), ailment, signal)
    return { kept: 'mended', deployment, news: asked === 'by-person' ? 'news' : news }
  })
}

function once<Answer>(ask: () => Promise<Answer>): () => Promise<Answer> {
  let answer: Promise<Answer> | undefined
  return () => (answer ??= ask())
}

/** What the owner of this host wants of a stack that drifted. */
export function ruleOf({ host }: Pick<Context, 'host'>, stack: string): DriftRule {
  return host.drifts[stack] ?? host.drift
}

function report(
  ctx: Context,
  stack: string,
  faults: readonly { readonly service: string; readonly reason: string }[],
): Kept {
  const what = faults.map(({ service, reason }) => `service "${service}": ${reason}`).join('; ')
  const reason = `drifted, which is only reported here: ${what}`
  const told = ctx.upkeep.trouble(stack)
  const remedy = `Put it right with: magos sync ${stack}`
  if (told?.reason !== reason) {
    const { now } = ctx
    ctx.log.warn({ stack, remedy }, `Stack ${reason}`)
    const counts = { failures: 0, mends: 0, since: now, at: now }
    ctx.upkeep.note({ stack, inputs: REPORTED, ...counts, reason })
  }
  const deployment: Deployment = { stack, outcome: 'held', services: [], reason, remedy }
  return { kept: 'mended', deployment, news: told?.reason === reason ? 'known' : 'news' }
}
