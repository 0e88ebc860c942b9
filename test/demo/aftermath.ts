import { containersOf } from '../engine/look.ts'
import type { LabDaemon, LogLine } from '../lab/daemon.ts'
import {
  addressOf,
  deliverySince,
  eventually,
  lineSince,
  timeOf,
  unlessAborted,
} from './evidence.ts'
import { must } from './must.ts'
import type { Release } from './release.ts'
import { APP, type Stage } from './stage.ts'

const QUARANTINE = '.magos/quarantine.yaml'

/** The commit by which Magos takes its own update back. */
export async function showRevert(
  stage: Stage,
  daemon: LabDaemon,
  { tag, digest, origin, ending }: Release,
): Promise<void> {
  const { lab, screen, signal } = stage
  const line = await lineSince(daemon, origin, endsRevert, signal)
  const commit = String(line['reverted'])
  const { author, message } = await lab.repository.record.git.readCommit(commit)
  must(author.name === lab.app.bot.login, `the author is ${author.name}, not the App`)
  const listed = await lab.repository.read(QUARANTINE, commit)
  must(listed?.includes(digest) === true, `${QUARANTINE} does not list ${tag}`)
  const at = timeOf(line)
  const since = ending === null ? origin : timeOf(ending)
  const [subject = ''] = message.split('\n')
  const text = `${commit.slice(0, 12)} by ${author.name}: ${subject}`
  screen.step({ phase: 'revert', at, took: at - since, text, tone: 'good' }, origin)
  const status = await unlessAborted(signal, lab.status(commit, `magos/attic/${APP}`))
  must(status.state === 'success', `GitHub has "${status.state}" for the stack`)
}

function endsRevert({ message }: LogLine): boolean {
  return /^(Update taken back|Failed)/.test(message)
}

/** What a failed update leaves behind; each claim is tried before it is made. */
export async function showAftermath(
  stage: Stage,
  daemon: LabDaemon,
  { tag, commit }: Release,
): Promise<void> {
  const { lab, screen } = stage
  screen.line('\n  What is left of it')
  const status = await lab.status(commit, `magos/attic/${APP}`)
  must(status.state === 'failure', `GitHub has "${status.state}" for the stack`)
  screen.fact('told', `${status.context} is "failure" in GitHub: ${status.description ?? ''}`)
  await nothingPending(stage, daemon)
  const before = await witness(stage, daemon)
  await redeliverPush(stage, daemon, commit)
  const after = await witness(stage, daemon)
  must(after === before, `the failed state was tried again: ${before} became ${after}`)
  screen.fact(
    'remembered',
    'GitHub delivered the push once more: looked at, and not tried again. The same container, no new status',
  )
  screen.fact(
    'quarantined',
    `${tag} is listed in ${QUARANTINE}: no policy on any host picks it again, the next version is tried`,
  )
}

/** Without an engine nothing can be found unhealthy. */
export function tellAftermath({ screen }: Stage): void {
  screen.line('\n  Only a container that runs shows that it is broken')
  screen.fact(
    'would have',
    'found it unhealthy, started the last good version again and proven it, told GitHub "failure", and taken the ' +
      `update back in one commit that lists the digest in ${QUARANTINE}`,
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
  await nothingPending({ signal }, daemon)
}

/** Every report has left, too. */
async function nothingPending({ signal }: Pick<Stage, 'signal'>, daemon: LabDaemon): Promise<void> {
  const url = `${addressOf(daemon)}/healthz`
  const isIdle = async () => {
    const health = await (await fetch(url, { signal })).text()
    return health.includes('"pending":0') ? true : undefined
  }
  await eventually('an empty inbox', isIdle, signal)
}
