import type { LabDaemon, LogLine } from '../lab/daemon.ts'
import { eventually, followStarts, lineSince, timeOf, unlessAborted } from './evidence.ts'
import { must } from './must.ts'
import type { Committed, Show } from './release.ts'
import { APP, CONTAINER, type Stage } from './stage.ts'
import { wouldRun } from './would-run.ts'

/** From a commit that Magos knows of to the status in GitHub; null where there is no engine. */
export async function showDeployment(
  stage: Stage,
  daemon: LabDaemon,
  show: Show,
  committed: Committed,
): Promise<LogLine | null> {
  if (stage.engine === 'absent') return await tellDeployment(stage, daemon, show, committed)
  const { commit, at } = committed
  const ending = await showContainerStart(stage, daemon, show, committed)
  const startedAt = await containerStart(stage)
  must(startedAt >= at, `${CONTAINER} was not started anew: "${ending.message}"`)
  const endedAt = timeOf(ending)
  const outcome = succeeded(ending) ? 'success' : 'failure'
  show({
    phase: 'health',
    at: endedAt,
    took: endedAt - startedAt,
    text: ending.message.replace(/^Deployment \w+: /, ''),
    tone: outcome === 'success' ? 'good' : 'bad',
  })
  if (outcome === 'failure') await showRestore(stage, daemon, show, endedAt)
  await showStatus(stage, show, { commit, since: endedAt, state: outcome })
  return ending
}

export function succeeded(ending: LogLine): boolean {
  return ending.message.startsWith('Deployment succeeded')
}

/** Shows that what ran before runs again, which is part of the same deployment. */
async function showRestore(
  { signal }: Stage,
  daemon: LabDaemon,
  show: Show,
  since: number,
): Promise<void> {
  const restored = await lineSince(daemon, since, endsRestore, signal)
  must(restored.message.startsWith('Last good state runs again'), restored.message)
  const at = timeOf(restored)
  const text = restored.message.replace('Last good', 'last good')
  show({ phase: 'rollback', at, took: at - since, text, tone: 'good' })
}

function endsRestore({ message }: LogLine): boolean {
  return /^(Last good state|Failed)/.test(message)
}

/** Shows the container's start when the engine tells it; resolves to the line that ends the deployment. */
async function showContainerStart(
  stage: Stage,
  daemon: LabDaemon,
  show: Show,
  { commit, at }: Committed,
): Promise<LogLine> {
  const { lab, signal } = stage
  const line = (fits: (one: LogLine) => boolean) => lineSince(daemon, at, fits, signal)
  const starts = followStarts(lab.engine)
  try {
    const ended = line(({ message }) => /^(Deployment|Stack refused|Failed)/.test(message))
    const [plan] = await Promise.all([
      line((one) => one.message.startsWith('Will ') && one['commit'] === commit),
      unlessAborted(signal, Promise.race([starts.next(), ended])),
    ])
    const startedAt = await containerStart(stage)
    const [, action = ''] = /^Will (\w+)/.exec(plan.message) ?? []
    const text = `fetched, pulled, ${action}d ${CONTAINER}`
    show({ phase: 'deploy', at: startedAt, took: startedAt - at, text })
    return await ended
  } finally {
    await starts.close()
  }
}

async function containerStart({ lab }: Stage): Promise<number> {
  const format = ['--format', '{{json .State.StartedAt}}']
  const started = await lab.engine.cli(['inspect', ...format, CONTAINER])
  const at = Date.parse(String(JSON.parse(started)))
  must(Number.isFinite(at), `the engine tells no start of ${CONTAINER}: ${started}`)
  return at
}

async function showStatus(
  { lab, signal }: Stage,
  show: Show,
  { commit, since, state }: { commit: string; since: number; state: 'success' | 'failure' },
): Promise<void> {
  const status = await unlessAborted(signal, lab.status(commit, 'magos/attic'))
  must(status.state === state, `GitHub has the status "${status.state}", not "${state}"`)
  const text = `${status.context} is "${status.state}" in GitHub: ${status.description ?? ''}`
  const tone = state === 'success' ? 'plain' : 'bad'
  show({ phase: 'status', at: status.at, took: status.at - since, text, tone })
}

/** Without an engine: how far Magos comes, and what it would have run. */
async function tellDeployment(
  { lab, screen, signal }: Stage,
  daemon: LabDaemon,
  show: Show,
  { commit, at: since }: Committed,
): Promise<null> {
  const fetched = await eventually(
    `a fetch of ${commit}`,
    () => lab.github.requests.find((one) => isFetch(one) && one.at >= since),
    signal,
  )
  const gone = await lineSince(daemon, fetched.at, isPostponed, signal)
  const at = timeOf(gone)
  const reason = gone.message.replace('Postponed: ', '')
  show({ phase: 'deploy', at, took: at - since, text: `fetched, then postponed. ${reason}` })
  screen.line('\n  With an engine Magos would have run')
  const text = (await lab.repository.read(`${APP}/compose.yaml`, commit)) ?? ''
  const image = /image: (\S+)/.exec(text)?.[1] ?? ''
  for (const command of await wouldRun({ image, project: APP }, signal)) screen.command(command)
  screen.line('  then watched the container until it is healthy and steady, and told GitHub')
  return null
}

function isFetch({ method, path, caller }: { method: string; path: string; caller: string }) {
  return caller === 'git' && method === 'POST' && path.endsWith('/git-upload-pack')
}

/** A look at the branch that ended at the engine. */
function isPostponed(line: LogLine): boolean {
  return line['event'] === 'revision-pushed' && line['code'] === 'engine'
}
