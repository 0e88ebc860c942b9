/** One release on its way. Every phase is shown once the evidence for it is there; what is not as it must be throws. */
import type { LabDaemon, LogLine } from '../lab/daemon.ts'
import type { ImageContent } from '../lab/engine/image.ts'
import type { Delivery } from '../lab/github/deliveries.ts'
import { showDeployment } from './deployment.ts'
import { deliverySince, lineSince, timeOf } from './evidence.ts'
import { must } from './must.ts'
import { APP, type Stage } from './stage.ts'
import type { Step } from './timeline.ts'

export interface Release {
  readonly tag: string
  readonly digest: string
  readonly commit: string
  /** ms since the epoch when its image was published: zero of its timeline. */
  readonly origin: number
  /** The line of the log that tells how the deployment ended; null where there is no engine. */
  readonly ending: LogLine | null
}

/** Shows a step in the timeline that it belongs to. */
export type Show = (step: Step) => void

/** ms by which times of the lab and of the daemon's lines may differ: both are whole ones. */
const ROUNDING = 5

/** Publishes an image and follows it until Magos has told GitHub what became of it. */
export async function playRelease(
  stage: Stage,
  daemon: LabDaemon,
  { tag, content }: { readonly tag: string; readonly content: ImageContent },
): Promise<Release> {
  const { lab, screen } = stage
  const began = Date.now()
  const digest = await lab.push(APP, tag, content)
  const origin = Date.now()
  const show: Show = (step) => screen.step(step, origin)
  const text = `${lab.image(APP)}:${tag} is ${digest}`
  show({ phase: 'publish', at: origin, took: origin - began, text })
  const { repository, registry } = lab
  await lab.github.publishPackage({ repository, name: APP, tag, digest, registry: registry.host })
  const known = await showWebhook(stage, show, origin)
  const decided = await showDecision(stage, daemon, show, { known, tag, digest })
  const commit = await showCommit(stage, show, decided)
  await showPush(stage, show, commit, decided.at)
  const ending = await showDeployment(stage, daemon, show, commit)
  if (ending !== null) {
    const seconds = ((timeOf(ending) - origin) / 1000).toFixed(1)
    screen.line(`\n  ${seconds} s from the pushed image to the verdict`, 'dim')
  }
  return { tag, digest, commit: commit.commit, origin, ending }
}

async function showWebhook({ lab, signal }: Stage, show: Show, origin: number): Promise<number> {
  const delivery = await deliverySince(lab, origin, { event: 'registry_package' }, signal)
  showDelivery(
    show,
    'webhook',
    delivery,
    'registry_package delivered and signed, on disk, answered',
  )
  return answeredAt(delivery)
}

interface Decided {
  readonly at: number
  /** The line that tells of the commit. */
  readonly updated: LogLine
}

async function showDecision(
  { signal }: Stage,
  daemon: LabDaemon,
  show: Show,
  { known, tag, digest }: { readonly known: number; readonly tag: string; readonly digest: string },
): Promise<Decided> {
  const line = (fits: (one: LogLine) => boolean) =>
    lineSince(daemon, known - ROUNDING, fits, signal)
  const asked = await line((one) => one.message === 'Read a digest' && one['reference'] === tag)
  must(asked['digest'] === digest, `the registry told ${String(asked['digest'])}, not ${digest}`)
  const updated = await line(({ message }) => /^(Image (updated|held|waits)|Failed):/.test(message))
  must(updated.message.startsWith('Image updated'), updated.message)
  const at = timeOf(asked)
  const reason = updated.message.replace('Image updated: ', '')
  const text = `${reason}, after 1 s in which more events may come`
  show({ phase: 'decision', at, took: at - known, text })
  return { at, updated }
}

export interface Committed {
  readonly commit: string
  /** ms since the epoch when Magos knew of it. */
  readonly at: number
}

async function showCommit({ lab }: Stage, show: Show, decided: Decided): Promise<Committed> {
  const commit = String(decided.updated['commit'])
  const at = timeOf(decided.updated)
  const { author, message } = await lab.repository.record.git.readCommit(commit)
  must(author.name === lab.app.bot.login, `the author is ${author.name}, not the App`)
  const calls = lab.github.requests.filter(
    (one) => one.caller === 'installation' && one.at >= decided.at && one.at <= at,
  )
  const [subject = ''] = message.split('\n')
  const text = `${commit.slice(0, 12)} by ${author.name}, ${calls.length} API calls: ${subject}`
  show({ phase: 'commit', at, took: at - decided.at, text })
  return { commit, at }
}

async function showPush(
  { lab, signal }: Stage,
  show: Show,
  { commit }: Committed,
  since: number,
): Promise<void> {
  const fits = ({ payload }: Delivery) => payload['after'] === commit
  const delivery = await deliverySince(lab, since, { event: 'push', fits }, signal)
  showDelivery(
    show,
    'push',
    delivery,
    'push of that commit delivered and signed, on disk, answered',
  )
}

function showDelivery(show: Show, phase: string, delivery: Delivery, text: string): void {
  const { statusCode, duration } = delivery
  must(statusCode === 202, `the ${delivery.event} was answered ${statusCode}, not 202`)
  const at = answeredAt(delivery)
  show({ phase, at, took: duration * 1000, text: `${text} ${statusCode}` })
}

function answeredAt({ deliveredAt, duration }: Delivery): number {
  return deliveredAt + duration * 1000
}
