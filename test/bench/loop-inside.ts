/** `node loop-inside.ts TASK`, within `isolate.ts` where the user is root: runs the rounds of the loop and of its floor. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startHomelab, type Homelab } from '../lab/homelab.ts'
import { freePort } from '../lab/daemon.ts'
import type { LoopFigures, LoopTask, Round } from './loop-figures.ts'
import { createLoopFloor, type LoopFloor } from './loop-floor.ts'
import { startSubject } from './subject.ts'
import type { Form } from './forms.ts'
import { composeFile, served, until } from './served.ts'

const ROUNDS = { release: 5, source: 3 } as const
const SETTLE = 2_000

interface Loop {
  readonly lab: Homelab
  readonly port: number
  readonly signal: AbortSignal
  /** Patch of the last version. */
  version: number
}

async function main(task: LoopTask, signal: AbortSignal): Promise<LoopFigures> {
  const lab = await startHomelab()
  try {
    // No window in which several images gather: a person may set it, and it would only be waited for.
    const settings = `settle: ${SETTLE / 1000}s\ndeadline: 60s\ndebounce: 0s\n`
    await writeFile(String(lab.environment()['MD_CONFIG']), settings)
    const loop: Loop = { lab, port: await freePort(), signal, version: 0 }
    const first = `${lab.image('app')}:1.0.0`
    await lab.push('app', '1.0.0', { serves: '1.0.0' })
    const annotated = `${first}  # {"magos": {"policy": "semver", "range": "^1"}}`
    const content = composeFile(annotated, loop.port)
    await lab.repository.commit([{ path: 'shop/compose.yaml', content }])
    const floor = await createLoopFloor(lab, signal)
    const release = await runForm(loop, task.forms.release, ROUNDS.release, floor)
    const source = await runForm(loop, task.forms.source, ROUNDS.source, floor)
    return { release, source, floor: floor.rounds }
  } finally {
    await lab.close()
  }
}

/** The first round is the warm-up. After each of the others the floor has its turn, while the daemon is idle. */
async function runForm(loop: Loop, form: Form, count: number, floor: LoopFloor): Promise<Round[]> {
  const { lab, port, signal } = loop
  const env = lab.environment({ ...form.env, MD_LOG_LEVEL: 'info' })
  const daemon = await startSubject({ command: form.command, env })
  try {
    await served(port, `1.0.${loop.version}`, signal)
    await until(async () => (await health(daemon.port)).includes('"pending":0'), signal)
    const rounds: Round[] = []
    for (let round = 0; round <= count; round += 1) {
      const figures = await runRound(loop)
      if (round > 0) rounds.push(figures)
      if (round > 0) await floor.run()
      await until(async () => (await health(daemon.port)).includes('"pending":0'), signal)
    }
    return rounds
  } finally {
    await daemon.stop()
  }
}

async function runRound(loop: Loop): Promise<Round> {
  const { lab, port, signal } = loop
  const { github, repository, registry } = lab
  loop.version += 1
  const tag = `1.0.${loop.version}`
  const digest = await lab.push('app', tag, { serves: tag })
  const seen = github.deliveries.log.length
  const begun = Date.now()
  await github.publishPackage({ repository, name: 'app', tag, digest, registry: registry.host })
  await served(port, tag, signal)
  const serves = Date.now() - begun
  const { commit } = await repository.head()
  const { statuses } = repository.record
  const told = await until(() => {
    const context = 'magos/attic/shop'
    return statuses.findLast(
      (one) => one.sha === commit && one.context === context && one.state !== 'pending',
    )
  }, signal)
  if (told.state !== 'success') throw new Error(`It was not proven: ${told.description ?? ''}`)
  const deliveries = github.deliveries.log.slice(seen)
  const webhook = deliveries.find(({ event }) => event === 'registry_package')
  const push = deliveries.find(({ event }) => event === 'push')
  return {
    accepted: (webhook?.duration ?? NaN) * 1000,
    moved: (push?.deliveredAt ?? NaN) - begun,
    serves,
    proven: told.at - begun - SETTLE,
  }
}

async function health(port: number): Promise<string> {
  return (await fetch(`http://127.0.0.1:${port}/healthz`)).text()
}

const interrupt = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => interrupt.abort(new Error(`Interrupted by ${name}`)))
}
const task: LoopTask = JSON.parse(process.argv[2] ?? '')
await writeFile(join(task.result), JSON.stringify(await main(task, interrupt.signal)))
