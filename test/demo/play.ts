import type { LabDaemon } from '../lab/daemon.ts'
import { showAftermath, showRevert, tellAftermath } from './aftermath.ts'
import { showDeployment, succeeded } from './deployment.ts'
import { addressOf } from './evidence.ts'
import { must } from './must.ts'
import { showContainer, showDiff } from './proof.ts'
import { playRelease, type Release, type Show } from './release.ts'
import { APP, commitStack, type Stage } from './stage.ts'

/** The whole play: what stands in git, a first image, a second one, and one that is broken. */
export async function play(stage: Stage): Promise<void> {
  const { screen } = stage
  screen.heading(`1. Magos starts on a repository that wants ${APP} 1.0.0`)
  const daemon = await playStart(stage)
  screen.heading(`2. An image is published: ${APP} 1.1.0`)
  await playGood(stage, daemon, '1.1.0')
  screen.heading(`3. A second version is published: ${APP} 1.2.0`)
  const good = await playGood(stage, daemon, '1.2.0')
  screen.heading(`4. A broken version is published: the health check of ${APP} 1.3.0 fails`)
  await playBroken(stage, daemon, '1.3.0', good)
}

async function playStart(stage: Stage): Promise<LabDaemon> {
  const { lab, screen } = stage
  const tag = '1.0.0'
  const digest = await lab.push(APP, tag, { serves: `${APP} ${tag}` })
  const commit = await commitStack(stage, tag, digest)
  const origin = Date.now()
  const show: Show = (step) => screen.step(step, origin)
  const daemon = await stage.start()
  const at = Date.now()
  const text = `magos run is process ${daemon.pid} and listens on ${addressOf(daemon)}`
  show({ phase: 'start', at, took: at - origin, text })
  const ending = await showDeployment(stage, daemon, show, { commit, at: origin })
  must(ending === null || succeeded(ending), 'what stands in git is deployed')
  await showContainer(stage, { tag, digest })
  return daemon
}

async function playGood(stage: Stage, daemon: LabDaemon, tag: string): Promise<Release> {
  const release = await playRelease(stage, daemon, { tag, content: { serves: `${APP} ${tag}` } })
  const { ending } = release
  must(ending === null || succeeded(ending), `${tag} is deployed`)
  await showDiff(stage, release)
  await showContainer(stage, release)
  return release
}

async function playBroken(
  stage: Stage,
  daemon: LabDaemon,
  tag: string,
  good: Release,
): Promise<void> {
  const content = { serves: `${APP} ${tag}`, health: 'failing' } as const
  const release = await playRelease(stage, daemon, { tag, content })
  await showDiff(stage, release)
  if (release.ending === null) return tellAftermath(stage)
  must(!succeeded(release.ending), `${tag} is found broken`)
  await showRevert(stage, daemon, release)
  await showContainer(stage, good)
  await showAftermath(stage, daemon, release)
}
