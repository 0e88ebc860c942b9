import { asMagosError, MagosError } from '../src/domain/error.ts'
import type { PullRequestChanged, Report } from '../src/domain/event.ts'
import { reviewReport } from '../src/domain/review/report.ts'
import type { Pulls, ReviewedPull } from '../src/ports.ts'
import type { Context, Handled } from './context.ts'
import { changedPaths, readRevision, reviewStacks } from './steps/review-pull.ts'
import type { ReadContext } from './steps/view-repository.ts'

/**
 * Says on pull requests what merging them would do to this host's stacks. From git objects alone: no provider is called
 * and nothing is decrypted, for who opens a pull request may have written anything into it.
 */
export async function pullRequestChanged(
  ctx: Context,
  { numbers }: PullRequestChanged,
  signal: AbortSignal,
): Promise<Handled<null>> {
  const { pulls } = ctx
  if (pulls === null || ctx.reports === null) return done([])
  try {
    const reports: Report[] = []
    for (const number of await due(ctx, pulls, numbers, signal)) {
      const report = await review({ ...ctx, pulls }, number, signal)
      if (report !== null) reports.push(report)
    }
    return done(reports)
  } catch (thrown) {
    const error = asMagosError(thrown)
    // Whoever wants no checks grants no permission for them.
    if (error.code !== 'unauthorized') throw thrown
    ctx.log.debug({ remedy: error.remedy }, `Pull requests are not reviewed: ${error.message}`)
    return done([])
  }
}

function done(reports: readonly Report[]): Handled<null> {
  return {
    answer: null,
    followUps: reports.map((report) => ({
      event: { kind: 'report-due', report },
      origin: { source: 'own' },
    })),
    next: 'done',
  }
}

/** A hint about one is looked at anyway; a poll passes over those whose head was told about. */
async function due(
  { host }: Context,
  pulls: Pulls,
  numbers: PullRequestChanged['numbers'],
  signal: AbortSignal,
): Promise<readonly number[]> {
  if (numbers !== 'all') return numbers
  const left: number[] = []
  for (const { number, head } of await pulls.list(signal)) {
    if (!(await pulls.isReviewed(head, `magos/${host.name}`, signal))) left.push(number)
  }
  return left
}

async function review(
  ctx: Context & { readonly pulls: Pulls },
  number: number,
  signal: AbortSignal,
): Promise<Report | null> {
  const pull = await ctx.pulls.look(number, signal)
  if (pull === null) return null
  const reading: ReadContext = { host: ctx.host, source: sourceOf(ctx) }
  const before = await readRevision(reading, pull.base, signal)
  const after = await readRevision(reading, pull.head, signal)
  const changed = changedPaths(before.view, after.view)
  const stacks = reviewStacks(before, after, changed)
  const touched = after.problems.some(({ file }) => changed.has(file))
  if (stacks.length === 0 && !touched) {
    ctx.pulls.passOver(pull.head.commit)
    return null
  }
  return reviewReport({
    host: ctx.host.name,
    commit: pull.head.commit,
    stacks: isOwn(pull) ? stacks : null,
    problems: after.problems,
    changed,
  })
}

function isOwn({ origin }: ReviewedPull): boolean {
  return origin === 'repository'
}

/** Most of what a pull request holds is in the clone already. */
function sourceOf({ source, pulls }: Context & { readonly pulls: Pulls }): Context['source'] {
  return {
    ...source,
    tree: (revision, signal) => pulls.tree(revision, signal),
    async read(entry, signal) {
      try {
        return await source.read(entry, signal)
      } catch (error) {
        if (!(error instanceof MagosError) || error.code !== 'git') throw error
        return await pulls.read(entry, signal)
      }
    },
  }
}
