import type { HeldImage } from '../../src/domain/answer/check.ts'
import type { Policy } from '../../src/domain/policy/policy.ts'
import {
  stricter,
  windowObstacle,
  type Obstacle,
  type Rules,
} from '../../src/domain/policy/rules.ts'
import {
  needsTags,
  planUpdate,
  rulesOf,
  type Choice,
  type Update,
} from '../../src/domain/update.ts'
import type { HostSettings } from '../context.ts'
import type { RepositoryView } from '../views.ts'
import { chooseLine } from './choose-line.ts'
import { judgeVersion, quarantined, type VersionContext } from './judge-version.ts'
import { holdLine, type Watched } from './watched-line.ts'

export interface ChooseContext extends VersionContext {
  readonly host: Pick<HostSettings, 'platform' | 'guards'>
  readonly view: Pick<RepositoryView, 'lines'>
}

/** What becomes of a line: an update, what waits or is refused, and why it stands where it stands. */
export interface LineAnswer {
  readonly update: Update | null
  readonly held: readonly HeldImage[]
  /** null where `update` or `held` says it. */
  readonly standing: string | null
}

/** Newer tags beyond these are not asked for in one pass, so that a first look at a long list costs little. */
const MOST_CANDIDATES = 20

/** The best image that the policy wants and no rule keeps back. */
export async function chooseImage(ctx: ChooseContext, line: Watched): Promise<LineAnswer> {
  const { image, current, policy } = line
  const { ask, now } = ctx
  const tags = needsTags(policy) ? await ask.tags(current) : []
  const choice = chooseLine(ctx.view, line, tags, now)
  switch (choice.outcome) {
    case 'current':
      return standing(choice.reason)
    case 'hold':
      // Time alone ends none of these: a tag that is gone or does not read is for a person.
      return {
        update: null,
        held: [holdLine(line, { ...choice, kind: 'problem' })],
        standing: null,
      }
    case 'digest': {
      const { tag } = current
      const listed = quarantined(ctx, line, tag, choice.digest)
      if (listed !== null) return { update: null, held: [holdLine(line, listed)], standing: null }
      const update = planUpdate(image, policy, current, { ...choice, tag })
      return withinWindow(ctx, line, rulesFor(ctx, policy), update, [])
    }
    case 'tag':
      return chooseTag(ctx, line, rulesFor(ctx, policy), choice)
  }
}

function rulesFor({ host }: ChooseContext, policy: Policy): Rules {
  return stricter(rulesOf(policy), guardsFor(policy, host.guards))
}

/** A digest that a person named is not for a rule to doubt; when it is written is. */
function guardsFor({ kind }: Policy, guards: Rules): Rules {
  return kind === 'digest' ? { ...guards, minAge: 0, platforms: [] } : guards
}

async function chooseTag(
  ctx: ChooseContext,
  line: Watched,
  rules: Rules,
  choice: Extract<Choice, { readonly outcome: 'tag' }>,
): Promise<LineAnswer> {
  const { image, current, policy } = line
  const obstacles: Obstacle[] = []
  for (const tag of [choice.tag, ...choice.others].slice(0, MOST_CANDIDATES)) {
    const verdict = await judgeVersion(ctx, line, rules, tag)
    if (verdict.kind === 'same') return standing(verdict.reason)
    if (verdict.kind === 'fits') {
      const { digest } = verdict
      const reason = tag === choice.tag ? choice.reason : `"${tag}" is the newest that may be taken`
      const update = planUpdate(image, policy, current, { tag, digest, reason })
      return withinWindow(ctx, line, rules, update, obstacles)
    }
    obstacles.push(verdict.obstacle)
  }
  const own = current.digest === null ? current.tag : null
  const digest = own === null ? null : await ctx.ask.digest(current, own)
  if (own !== null && digest !== null && quarantined(ctx, line, own, digest) === null) {
    const reason = 'pinned to its own tag while newer ones are kept back'
    const update = planUpdate(image, policy, current, { tag: own, digest, reason })
    return withinWindow(ctx, line, rules, update, obstacles)
  }
  // Where one of them only waits, nobody has to do anything.
  const [first] = obstacles.toSorted(
    (a, b) => Number(a.kind !== 'waits') - Number(b.kind !== 'waits'),
  )
  return { update: null, held: first === undefined ? [] : [holdLine(line, first)], standing: null }
}

/** What was found, unless this is not the time to write it. What a better one waits for is told beside. */
function withinWindow(
  { now }: ChooseContext,
  line: Watched,
  rules: Rules,
  update: Update | null,
  [newest]: readonly Obstacle[],
): LineAnswer {
  // Something was found for now, so nobody has to act on what is better.
  const waiting = newest === undefined ? [] : [holdLine(line, { ...newest, kind: 'waits' })]
  const closed = update === null ? null : windowObstacle(rules, now)
  if (update === null) return { update, held: waiting, standing: 'it stands as its policy wants' }
  if (closed === null) return { update, held: waiting, standing: null }
  const what = update.tag ?? update.digest
  const reason = `"${what}" is due, but ${closed.reason}`
  return { update: null, held: [holdLine(line, { ...closed, reason }), ...waiting], standing: null }
}

function standing(reason: string): LineAnswer {
  return { update: null, held: [], standing: reason }
}
