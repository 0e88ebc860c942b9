import type { FollowChild } from '../../host/follow-child.ts'
import type { RunChild } from '../../host/process.ts'
import { sweepPrivateDirectories } from '../../host/private-directory.ts'
import type { Clock, Engine, EngineInfo, Log } from '../../ports.ts'
import { askEngine, complaintsIn, engineError } from './command.ts'
import type { EngineCommand, Runtime } from './command.ts'
import { containersOn, showDefinitions } from './definitions.ts'
import { containerEvents } from './events.ts'
import { shallDrive } from './health.ts'
import type { DrivesHealthchecks } from './health.ts'
import { readInfo, readTroubles } from './info.ts'
import { failedCheckOutput } from './check-output.ts'
import { containerLogs } from './logs.ts'
import { namelessContainers, reconnectContainers } from './networks.ts'
import { inspectContainers } from './observe.ts'
import { pastEvents } from './past-events.ts'
import { pullImage, pullName } from './pull.ts'
import { removeImage } from './remove-image.ts'
import { removeNetworks } from './remove-networks.ts'
import { removeContainers, restartContainers, stopContainers } from './end.ts'
import { signalContainers } from './signal.ts'
import { watchProject } from './watch.ts'

export interface EngineOptions {
  readonly runtime: Runtime
  readonly run: RunChild
  readonly follow: FollowChild
  readonly clock: Clock
  readonly log: Log
  /** A directory of this user's on tmpfs, for what must never lie on a disk. */
  readonly runtimeDirectory: string
  readonly drivesHealthchecks?: DrivesHealthchecks
  /** ms between two looks of `watch`. */
  readonly look?: number
  /** ms that one pull may take. */
  readonly pullDeadline?: number
}

/**
 * The container engine by its own program and the JSON that it prints. Images are never removed by force: podman would
 * remove the containers that use them, other people's included.
 */
export function createEngine(options: EngineOptions): Engine {
  const { runtime, run, follow, clock, log, runtimeDirectory } = options
  const { drivesHealthchecks = 'when-no-systemd', look = 500, pullDeadline = 600_000 } = options
  const engine: EngineCommand = { runtime, run }
  // The same for as long as this process lives, for it belongs to its user.
  let isRootless: boolean | undefined
  sweepPrivateDirectories(runtimeDirectory)
  return {
    info: (signal) => info(engine, drivesHealthchecks, signal),
    async observe(signal) {
      const at = clock.now()
      const inspected = await inspectContainers(engine, null, signal)
      return { at, containers: inspected.map((one) => one.container) }
    },
    watch: (project, signal) => {
      const drives = shallDrive(engine, drivesHealthchecks)
      return watchProject({ engine, clock, log, look, drives }, project, signal)
    },
    pull: (image, pullOptions, signal) => {
      const pulling = { engine, runtimeDirectory, deadline: pullDeadline }
      return pullImage(pulling, image, pullOptions, signal)
    },
    has: (image, signal) => has(engine, pullName(image), signal),
    stop: (ids, signal) => stopContainers({ engine, clock }, ids, signal),
    restart: (ids, signal) => restartContainers({ engine, clock }, ids, signal),
    kill: (ids, name, signal) => signalContainers(engine, ids, name, signal),
    reconnect: (ids, signal) => reconnectContainers({ engine }, ids, signal),
    async nameless(ids, signal) {
      if (runtime === 'docker' || ids.length === 0) return []
      const rootless = (isRootless ??= (await info(engine, drivesHealthchecks, signal)).rootless)
      return namelessContainers({ engine, rootless, runtimeDirectory }, ids, signal)
    },
    remove: (ids, signal) => removeContainers({ engine, clock }, ids, signal),
    definitions: (names, signal) => showDefinitions(engine, names, signal),
    containersOn: (network, signal) => containersOn(engine, network, signal),
    removeNetworks: (project, signal) => removeNetworks(engine, project, signal),
    removeImage: (image, signal) => removeImage(engine, image, signal),
    tag: (imageId, image, signal) => tag(engine, imageId, image, signal),
    logs: (id, lines, signal) => containerLogs(engine, id, lines, signal),
    checkOutput: (id, signal) => failedCheckOutput(engine, id, signal),
    pastEvents: (containers, signal) => pastEvents({ engine, clock }, containers, signal),
    events: (signal) => containerEvents({ engine, follow, clock, log }, signal),
  }
}

async function info(
  engine: EngineCommand,
  drives: DrivesHealthchecks,
  signal: AbortSignal,
): Promise<EngineInfo> {
  const { runtime } = engine
  const format = runtime === 'podman' ? 'json' : '{{json .}}'
  const result = await askEngine(engine, ['info', '--format', format], { signal })
  const read =
    result.exitCode === 0
      ? readInfo(runtime, result.stdout, shallDrive(engine, drives) ? 'driven' : 'by-itself')
      : null
  if (read !== null) {
    return runtime === 'podman' ? { ...read, complaints: complaintsIn(result.stderr) } : read
  }
  // docker's older programs exit with 0 and tell in their answer that nobody answered them.
  const stderr = result.stderr.trim() === '' ? readTroubles(result.stdout) : result.stderr
  throw engineError(runtime, `${runtime} info`, { ...result, stderr })
}

async function has(engine: EngineCommand, name: string, signal: AbortSignal): Promise<boolean> {
  const { runtime } = engine
  const args = runtime === 'podman' ? ['image', 'exists', name] : ['image', 'inspect', name]
  const result = await askEngine(engine, args, { signal })
  if (result.outcome === 'exited' && result.exitCode === 0) return true
  if (result.outcome === 'exited' && result.exitCode === 1) return false
  throw engineError(runtime, `${runtime} ${args[0]} ${args[1]}`, result)
}

async function tag(
  engine: EngineCommand,
  imageId: string,
  image: string,
  signal: AbortSignal,
): Promise<'tagged' | 'gone'> {
  if (!(await has(engine, imageId, signal))) return 'gone'
  const result = await askEngine(engine, ['tag', imageId, image], { signal })
  if (result.outcome === 'exited' && result.exitCode === 0) return 'tagged'
  throw engineError(engine.runtime, `${engine.runtime} tag`, result)
}
