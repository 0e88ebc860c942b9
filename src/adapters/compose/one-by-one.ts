import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  dependenciesOf,
  inDependencyOrder,
  type Dependency,
} from '../../domain/compose/service-order.ts'
import { MagosError } from '../../domain/error.ts'
import type { ObservedContainer } from '../../domain/deployment.ts'
import type { ApplyRequest, Engine, Evidence } from '../../ports.ts'
import { singleService } from './single-service.ts'

/** What the driver does through its caller. */
export interface OneByOne {
  readonly engine: Pick<Engine, 'watch' | 'remove'>
  /** Of the caller's, readable by nobody else. */
  readonly directory: string
  /** ms for all of it. */
  readonly deadline: number
  /** Lets the provider bring up the service of a file that has no other. */
  readonly up: (service: string, file: string) => Promise<Evidence>
}

/**
 * Brings services up one at a time, each behind what it depends on: its old containers are removed, then the provider
 * makes new ones from a file that shows it nothing else. The first that fails ends it; what comes behind stays as it is.
 */
export async function upOneByOne(
  driver: OneByOne,
  request: ApplyRequest,
  signal: AbortSignal,
): Promise<Evidence> {
  const { document, project, services } = request
  const due = new Set(services === 'all' ? Object.keys(document.services) : services)
  const late = AbortSignal.any([signal, AbortSignal.timeout(driver.deadline)])
  let output = ''
  for (const name of inDependencyOrder(document.services)) {
    if (!due.has(name)) continue
    const obstacle = await waitFor(driver, project, dependenciesOf(document.services, name), late)
    if (signal.aborted) throw new MagosError('interrupted', `Apply "${project}": interrupted`)
    if (obstacle !== null) {
      return { exitCode: 1, output: `${output}Service "${name}" waits: ${obstacle}\n` }
    }
    const evidence = await renew(driver, request, name, signal)
    output += evidence.output
    if (evidence.exitCode !== 0) return { exitCode: evidence.exitCode, output }
  }
  return { exitCode: 0, output }
}

async function renew(
  { engine, directory, up }: OneByOne,
  { document, project }: ApplyRequest,
  name: string,
  signal: AbortSignal,
): Promise<Evidence> {
  const file = join(directory, `${Buffer.from(name).toString('hex').slice(0, 200)}.json`)
  const single = singleService(document, project, name)
  await writeFile(file, JSON.stringify(single), { mode: 0o600 })
  const old = await firstLook(engine, project, signal)
  const ids = old.filter(({ service }) => service === name).map(({ id }) => id)
  if (ids.length > 0) await engine.remove(ids, signal)
  return await up(name, file)
}

async function firstLook(
  engine: OneByOne['engine'],
  project: string,
  signal: AbortSignal,
): Promise<readonly ObservedContainer[]> {
  for await (const { containers } of engine.watch(project, signal)) return containers
  return []
}

/** Waits until every condition holds: null then, else which one does not and why. */
async function waitFor(
  { engine, deadline }: OneByOne,
  project: string,
  dependencies: readonly Dependency[],
  late: AbortSignal,
): Promise<string | null> {
  if (dependencies.length === 0) return null
  let last = 'nothing was seen'
  for await (const { containers } of engine.watch(project, late)) {
    const looks = dependencies.map((one) => lookAt(one, containers))
    const failed = looks.find(({ state }) => state === 'failed')
    if (failed !== undefined) return failed.reason
    const waiting = looks.find(({ state }) => state === 'waiting')
    if (waiting === undefined) return null
    last = waiting.reason
  }
  return `${last} within ${Math.round(deadline / 1000)} s`
}

interface DependencyLook {
  readonly state: 'holds' | 'waiting' | 'failed'
  readonly reason: string
}

function lookAt(
  { service, condition }: Dependency,
  containers: readonly ObservedContainer[],
): DependencyLook {
  const own = containers.filter((one) => one.service === service)
  const waiting = (reason: string) =>
    ({ state: 'waiting', reason: `"${service}" ${reason}` }) as const
  const failed = (reason: string) =>
    ({ state: 'failed', reason: `"${service}" ${reason}` }) as const
  if (own.length === 0) return waiting('has no container')
  const ended = own.filter(({ state, startedAt }) => state === 'exited' && startedAt > 0)
  if (condition === 'service_completed_successfully') {
    const bad = ended.find(({ exitCode }) => exitCode !== 0)
    if (bad !== undefined) return failed(`exited with ${bad.exitCode}`)
    return ended.length === own.length ? holds : waiting('has not ended')
  }
  if (condition === 'service_healthy') {
    if (own.some(({ health }) => health === 'unhealthy')) return failed('is unhealthy')
    const unchecked = own.some(({ health, state }) => health === 'none' && state === 'running')
    if (unchecked) return failed('has no health check')
    return own.every(({ health }) => health === 'healthy') ? holds : waiting('is not healthy')
  }
  return own.every(({ startedAt }) => startedAt > 0) ? holds : waiting('was never started')
}

const holds: DependencyLook = { state: 'holds', reason: '' }
