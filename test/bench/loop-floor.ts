import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from '../lab/daemon.ts'
import type { Homelab } from '../lab/homelab.ts'
import type { FloorRound } from './loop-figures.ts'
import { composeFile, served, until } from './served.ts'

const run = promisify(execFile)

export interface LoopFloor {
  readonly rounds: readonly FloorRound[]
  /** Fetches what was committed since the last round, and brings the twin to a new version. */
  run(): Promise<void>
}

/** The parts of a deployment by themselves: native git on a clone, podman and compose on a twin of the stack. */
export async function createLoopFloor(lab: Homelab, signal: AbortSignal): Promise<LoopFloor> {
  const { engine, repository } = lab
  const directory = join(engine.directory, 'twin')
  const clone = join(engine.directory, 'clone')
  await mkdir(directory)
  await run('git', ['clone', '-q', '--bare', repository.cloneUrl, clone])
  const port = await freePort()
  const rounds: FloorRound[] = []
  let version = 0

  const bringTwin = async (): Promise<Omit<FloorRound, 'fetch'>> => {
    const tag = `2.0.${(version += 1)}`
    const digest = await lab.push('twin', tag, { serves: tag })
    const image = `${lab.image('twin')}@${digest}`
    await writeFile(join(directory, 'compose.yaml'), composeFile(image, port))
    const pull = await timed(() => engine.cli(['pull', '-q', '--tls-verify=false', image]))
    const socket = join(engine.directory, 's')
    const service = spawn('podman', ['system', 'service', '--time=0', `unix://${socket}`], {
      env: engine.env,
      stdio: 'ignore',
    })
    const ended = once(service, 'exit')
    try {
      const listening = await timed(() => until(() => listens(socket), signal))
      const env = { ...engine.env, DOCKER_HOST: `unix://${socket}`, DOCKER_BUILDKIT: '0' }
      const args = ['-p', 'twin', 'up', '-d', '--pull', 'never']
      const up = run('docker-compose', args, { cwd: directory, env, signal })
      const [all, serves] = await Promise.all([
        timed(() => up),
        timed(() => served(port, tag, signal)),
      ])
      return { pull, service: listening, serves, ends: Math.max(0, all - serves) }
    } finally {
      service.kill('SIGTERM')
      await ended
    }
  }

  // The first creates what later ones only change.
  await bringTwin()
  return {
    rounds,
    async run() {
      const fetch = await timed(() =>
        run('git', ['-C', clone, 'fetch', '-q', 'origin', 'refs/heads/*:refs/heads/*'], { signal }),
      )
      rounds.push({ fetch, ...(await bringTwin()) })
    },
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now()
  await work()
  return performance.now() - begun
}

function listens(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    const answer = (yes: boolean) => {
      socket.destroy()
      resolve(yes)
    }
    socket.once('connect', () => answer(true))
    socket.once('error', () => answer(false))
  })
}
