import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createCompose } from '../../../src/adapters/compose/compose.ts'
import { createEngine } from '../../../src/adapters/engine/engine.ts'
import { parseImageReference } from '../../../src/domain/image-reference.ts'
import { createFollowChild } from '../../../src/host/follow-child.ts'
import { createRunChild } from '../../../src/host/process.ts'
import type { FollowChild } from '../../../src/host/follow-child.ts'
import type { RunChild } from '../../../src/host/process.ts'
import type { Clock, Log } from '../../../src/ports.ts'
import type { Behaviour, EngineHost } from '../../contracts/engine-host.ts'
import { startDockerRegistry } from '../registry/docker-registry.ts'
import type { DockerRegistry } from '../registry/docker-registry.ts'
import { appImage } from '../app-image.ts'
import { pushImage } from '../registry/push.ts'
import type { ImageContent } from './image.ts'
import { chosenRuntime } from './chosen.ts'
import { startDocker } from './docker.ts'
import { startEngine } from './start.ts'
import type { LabEngine } from './start.ts'

/** A host of the contract suites with a real engine, a real registry and the real adapters. */
export interface RealHost extends EngineHost {
  readonly lab: LabEngine
  readonly registry: DockerRegistry
  readonly run: RunChild
  readonly follow: FollowChild
  /** Messages that the adapters logged. */
  readonly logged: readonly string[]
}

export interface RealHostOptions {
  /** Default: the one that this run is about. */
  readonly runtime?: LabEngine['runtime']
  /** Path of another provider than Compose v2. */
  readonly provider?: string
}

const CONTENTS: Readonly<Record<Behaviour, ImageContent>> = {
  healthy: { health: 'ok' },
  unhealthy: { health: 'failing' },
  unchecked: { health: 'none' },
  exits: { health: 'none', crash: { exitCode: 7 } },
}

export const clock: Clock = {
  now: () => Date.now(),
  async sleep(ms, signal) {
    await sleep(ms, undefined, { signal })
  },
}

export async function startRealHost({
  runtime = chosenRuntime(),
  provider,
}: RealHostOptions = {}): Promise<RealHost> {
  const lab = await (runtime === 'docker' ? startDocker() : startEngine())
  const registry = await startDockerRegistry()
  const environment =
    provider === undefined ? lab.env : { ...lab.env, PODMAN_COMPOSE_PROVIDER: provider }
  const run = createRunChild({ environment })
  const logged: string[] = []
  const log = recordingLog(logged)
  const { runtimeDirectory } = lab
  const follow = createFollowChild({ environment })
  const engine = createEngine({ runtime, run, follow, clock, log, runtimeDirectory })
  const compose = createCompose({
    runtime,
    run,
    log,
    environment,
    runtimeDirectory,
    engine,
  })
  const atOnce = runtime === 'podman' ? ['-t', '0'] : []
  let serial = 0
  return {
    lab,
    registry,
    run,
    follow,
    logged,
    engine,
    compose,
    runtimeDirectory,
    pullOptions: { credential: null, plainHttp: true },
    project: () => lab.project('suite'),
    async publish(behaviour) {
      const content = { ...CONTENTS[behaviour], serves: `${behaviour} ${(serial += 1)}` }
      const [repository, tag] = [`lab/${behaviour}`, String(serial)]
      const digest = await pushImage(registry, repository, tag, appImage(tag, content))
      return parseImageReference(`${registry.host}/${repository}:${tag}@${digest}`)
    },
    byHand: {
      stop: async (id) => void (await lab.cli(['stop', '-t', '0', id])),
      kill: async (id) => void (await lab.cli(['kill', id])),
      remove: async (id) => void (await lab.cli(['rm', '--force', ...atOnce, id])),
      crash: async (id) => {
        const pid = await lab.cli(['inspect', '--format', '{{.State.Pid}}', id])
        process.kill(Number(pid), 'SIGKILL')
      },
    },
    unpublished: () => parseImageReference(`${registry.host}/lab/none:1@sha256:${'0'.repeat(64)}`),
    async home() {
      const home = join(lab.directory, `home-${(serial += 1)}`)
      await mkdir(home)
      return home
    },
    async stop() {
      await registry.close()
      const stubborn = await lab.stop()
      if (stubborn.length > 0) throw new Error(`Left running: ${stubborn.join(', ')}`)
    },
  }
}

export function recordingLog(messages: string[]): Log {
  const record = (fields: unknown, message: string) =>
    void messages.push(`${message} ${JSON.stringify(fields)}`)
  return {
    debug: record,
    info: record,
    warn: record,
    error: record,
    child: () => recordingLog(messages),
  }
}
