import { execFile } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { tmpdir } from 'node:os'
import { promisify } from 'node:util'
import { composePath } from '../lab/engine/install.ts'
import { startAbsentEngine } from '../lab/engine/absent.ts'
import { ISOLATED } from '../lab/engine/isolate.ts'
import { startEngine } from '../lab/engine/start.ts'
import { freePort, type LabDaemon } from '../lab/daemon.ts'
import { startHomelab, type Homelab } from '../lab/homelab.ts'
import { startDockerRegistry } from '../lab/registry/docker-registry.ts'
import { startRegistry } from '../lab/registry/registry.ts'
import { unlessAborted } from './evidence.ts'
import type { Screen } from './screen.ts'
import { formatTook } from './timeline.ts'

const run = promisify(execFile)

/** Name of the application, of its stack and of its image. */
export const APP = 'hello'
/** As Compose names the only container of the stack. */
export const CONTAINER = `${APP}-web-1`

export interface StageOptions {
  readonly screen: Screen
  readonly registry: 'docker-registry' | 'in-process'
  /** Why there is no engine; null where one shall be tried. */
  readonly noEngine: string | null
  readonly signal: AbortSignal
}

/** Everything that a release needs to be played. */
export interface Stage {
  readonly screen: Screen
  readonly lab: Homelab
  readonly registry: StageOptions['registry']
  /** Whether containers run here. */
  readonly engine: 'real' | 'absent'
  /** Where the application answers. */
  readonly port: number
  readonly signal: AbortSignal
  /** Starts Magos. */
  start(): Promise<LabDaemon>
  close(): Promise<void>
}

/** Brings the lab up. An engine that cannot run a container is told of and gone on without. */
export async function openStage(options: StageOptions): Promise<Stage> {
  const { screen, signal, noEngine } = options
  if (noEngine !== null) return await open(options, 'absent')
  const stage = await open(options, 'real')
  const trouble = await tryEngine(stage).catch(async (error: unknown) => {
    await stage.close()
    throw error
  })
  // Whoever interrupts is heard by the play, which has a stage to take down.
  if (trouble === null || signal.aborted) return stage
  await stage.close()
  screen.fact('engine', `podman is here but cannot run a container: ${trouble}`, 'yellow')
  screen.fact('', 'The demo goes on without it: everything up to the engine is real', 'yellow')
  return await open(options, 'absent')
}

async function open(options: StageOptions, engine: Stage['engine']): Promise<Stage> {
  const { screen, registry, signal } = options
  const start = engine === 'real' ? startEngine : startAbsentEngine
  const port = await freePort()
  const lab = await startHomelab({
    engine: () => start({ ...places(), prefix: 'demo' }),
    registry: registry === 'docker-registry' ? startDockerRegistry : startRegistry,
  })
  let starting: Promise<unknown> = Promise.resolve()
  return {
    screen,
    lab,
    registry,
    engine,
    port,
    signal,
    start() {
      const daemon = lab.start({ MD_RUNTIME: 'podman' })
      starting = daemon
      return unlessAborted(signal, daemon)
    },
    async close() {
      // The lab ends only a daemon that it knows of.
      await starting.catch(() => undefined)
      await lab.close()
    },
  }
}

/** A path must leave room for a socket's name; what Magos renders shall lie in memory. */
function places() {
  const runtime = process.env['XDG_RUNTIME_DIR'] ?? ''
  return {
    parent: tmpdir().length < 40 ? tmpdir() : '/tmp',
    runtimeParent: isWritable(runtime) ? runtime : '/dev/shm',
  }
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}

/** Pulls, runs and removes a container on a network of its own; the engine's last words where that fails. */
async function tryEngine({ lab }: Stage): Promise<string | null> {
  const podman = (...args: string[]) => lab.engine.cli(args)
  const digest = await lab.push('trial', '1', { health: 'none' })
  const image = `${lab.image('trial')}@${digest}`
  try {
    await podman('network', 'create', 'trial')
    const flags = ['--rm', '--tls-verify=false', '--network', 'trial', '-p', '127.0.0.1::8080']
    await podman('run', ...flags, image, 'true')
    await podman('network', 'rm', 'trial')
    await podman('rmi', image)
    return null
  } catch (error) {
    const words = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error)
    return words.trim().split('\n').at(-1) ?? 'it does not say why'
  }
}

/** What stands there, before anything happens. */
export async function tellStage({ screen, lab, engine, registry }: Stage): Promise<void> {
  const { github, app, repository } = lab
  const { owner, name } = repository
  screen.fact('GitHub', `${github.url}: repository ${owner}/${name}, App "${app.slug}" installed`)
  const kind = registry === 'in-process' ? 'in this process' : 'docker-registry'
  screen.fact('registry', `${lab.registry.host}, ${kind}`)
  screen.fact(
    'engine',
    engine === 'real' ? await engineText(lab) : 'none: deployments are told, not run',
  )
}

async function engineText({ engine }: Homelab): Promise<string> {
  const version = (await engine.cli(['--version'])).replace(' version', '')
  const path = composePath()
  const compose =
    path === null ? '' : await run(path, ['version', '--short']).then(({ stdout }) => stdout.trim())
  const place =
    process.env[ISOLATED] === '1' ? 'network and mount namespaces of its own' : 'storage of its own'
  return [version, compose === '' ? '' : `Compose ${compose}`, place].filter(Boolean).join(', ')
}

/** A commit by a person, as any user would make it. */
export async function commitStack(
  { lab, port }: Stage,
  tag: string,
  digest: string,
): Promise<string> {
  const content = `services:
  web:
    image: ${lab.image(APP)}:${tag}@${digest}  # {"magos": {"policy": "semver", "range": "^1"}}
    ports:
      - 127.0.0.1:${port}:8080
`
  const path = `${APP}/compose.yaml`
  const { commit } = await lab.repository.commit([{ path, content }], `feat: run ${APP} ${tag}`)
  return commit
}

export function tookSince(began: number): string {
  return formatTook(performance.now() - began)
}
