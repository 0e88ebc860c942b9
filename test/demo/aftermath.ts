import { containersOf } from '../engine/look.ts'
import type { LabDaemon } from '../lab/daemon.ts'
import { addressOf, deliverySince, eventually } from './evidence.ts'
import { must } from './must.ts'
import type { Release } from './release.ts'
import { APP, CONTAINER, type Stage } from './stage.ts'

/** What Magos does about a failed deployment in this version; each claim is tried before it is made. */
export async function showAftermath(
  stage: Stage,
  daemon: LabDaemon,
  { tag, commit }: Release,
): Promise<void> {
  const { lab, screen } = stage
  screen.line('\n  What Magos does about it today')
  const status = await lab.status(commit, `magos/attic/${APP}`)
  must(status.state === 'failure', `GitHub has "${status.state}" for the stack`)
  screen.fact('told', `${status.context} is "failure" in GitHub: ${status.description ?? ''}`)
  const before = await witness(stage, daemon)
  await redeliverPush(stage, daemon, commit)
  const after = await witness(stage, daemon)
  must(after === before, `the failed state was tried again: ${before} became ${after}`)
  screen.fact(
    'remembered',
    'GitHub delivered the push once more: looked at, and not tried again. The same container, no new status',
  )
  screen.fact('still runs', `${CONTAINER} on the broken ${tag}`, 'yellow')
  screen.fact(
    'not yet',
    `Rolling back is not part of this version. The way back is a commit: put the old tag and digest on the line and ` +
      `narrow its range to "^1 <${tag}". To try the same state again: magos sync ${APP}`,
  )
}

/** Without an engine nothing can be found unhealthy. */
export function tellAftermath({ screen }: Stage): void {
  screen.line('\n  Only a container that runs shows that it is broken')
  screen.fact(
    'would have',
    'found it unhealthy, told GitHub "failure", remembered that, and not tried this state again. Rolling back is not ' +
      'part of this version: the broken container would still run',
  )
}

/** Container, deployments and statuses as one text: the same before and after means that nothing was done. */
async function witness({ lab }: Stage, daemon: LabDaemon): Promise<string> {
  const { web } = await containersOf(lab.engine, APP)
  const deployments = daemon.lines.filter(({ message }) => message.startsWith('Will ')).length
  const statuses = lab.repository.record.statuses.length
  return JSON.stringify({ id: web?.id, created: web?.created, deployments, statuses })
}

/** The same push once more; resolves when Magos has worked it off. */
async function redeliverPush(
  { lab, signal }: Stage,
  daemon: LabDaemon,
  commit: string,
): Promise<void> {
  const { deliveries } = lab.github
  const push = deliveries.log.findLast(
    ({ event, payload }) => event === 'push' && payload['after'] === commit,
  )
  must(push !== undefined && deliveries.redeliver(push.id), 'there is no push to deliver again')
  const again = {
    event: 'push',
    fits: (one: { redelivery: string }) => one.redelivery === 'again',
  }
  const { statusCode } = await deliverySince(lab, push.deliveredAt, again, signal)
  must(statusCode === 202, `the redelivery was answered ${statusCode}, not 202`)
  const url = `${addressOf(daemon)}/healthz`
  const isIdle = async () => {
    const health = await (await fetch(url, { signal })).text()
    return health.includes('"pending":0') ? true : undefined
  }
  await eventually('an empty inbox', isIdle, signal)
}
