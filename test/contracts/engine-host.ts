import { parseImageReference } from '../../src/domain/image-reference.ts'
import type { ImageReference } from '../../src/domain/image-reference.ts'
import type { ObservedContainer, ObservedState } from '../../src/domain/deployment.ts'
import type { Compose, ComposeDocument, Engine, PullOptions } from '../../src/ports.ts'

/** What an image of a suite does when it runs. */
export type Behaviour = 'healthy' | 'unhealthy' | 'unchecked' | 'exits'

/** A host that the suites of engine and compose run on: real or in memory. */
export interface EngineHost {
  readonly engine: Engine
  readonly compose: Compose
  readonly pullOptions: PullOptions
  /** Where the adapter keeps what nobody else may read; it is empty between calls. */
  readonly runtimeDirectory: string
  /** Publishes an image in a registry that this host reaches; it is not on the host afterwards. */
  publish(behaviour: Behaviour): Promise<ImageReference>
  /** An image that no registry has. */
  unpublished(): ImageReference
  /** A project name that nobody else has. */
  project(): string
  /** What a person does with the engine's own program; `crash` ends the process as a kernel does, without it. */
  readonly byHand: Readonly<
    Record<'stop' | 'kill' | 'remove' | 'crash', (id: string) => Promise<void>>
  >
  /** An empty stable directory. */
  home(): Promise<string>
  stop(): Promise<void>
}

export const signal: AbortSignal = new AbortController().signal

/** A document with one service an image, as `resolve` would return it. */
export function documentOf(
  services: Readonly<Record<string, Readonly<Record<string, unknown>> & { image: string }>>,
): ComposeDocument {
  return { services }
}

/** Pulls, applies, and fails the test when either does not work. */
export async function bringUp(
  host: EngineHost,
  project: string,
  document: ComposeDocument,
): Promise<void> {
  for (const service of Object.values(document.services)) {
    const image = parseImageReference(String(service['image']))
    const pulled = await host.engine.pull(image, host.pullOptions, signal)
    if (pulled.outcome === 'failed') throw new Error(`The image cannot be had: ${pulled.reason}`)
  }
  const home = await host.home()
  const request = { project, home, document, services: 'all' as const }
  const evidence = await host.compose.up(request, signal)
  if (evidence.exitCode !== 0) throw new Error(`up failed: ${evidence.output}`)
}

/** Looks at a project until it is as wanted. */
export async function until(
  host: EngineHost,
  project: string,
  wanted: (containers: readonly ObservedContainer[], state: ObservedState) => boolean,
): Promise<readonly ObservedContainer[]> {
  const late = AbortSignal.timeout(15_000)
  let last: readonly ObservedContainer[] = []
  for await (const state of host.engine.watch(project, late)) {
    last = state.containers
    if (wanted(last, state)) return last
  }
  throw new Error(`Never came to be: ${JSON.stringify(last, null, 1)}`)
}

export async function containersOf(
  host: EngineHost,
  project: string,
): Promise<readonly ObservedContainer[]> {
  const { containers } = await host.engine.observe(signal)
  return containers.filter((one) => one.project === project)
}

export async function removeProject(host: EngineHost, project: string): Promise<void> {
  const containers = await containersOf(host, project)
  await host.engine.remove(
    containers.map(({ id }) => id),
    signal,
  )
}
