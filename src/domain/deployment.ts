import type { Guidance } from './guidance.ts'
import type { Hold } from './hold.ts'
import type { Digest } from './image-reference.ts'
import type { Signal } from './settings/file-changes.ts'

/** One container of a compose project, as the engine shows it. */
export interface ObservedContainer {
  readonly id: string
  readonly name: string
  readonly project: string
  readonly service: string
  readonly state: 'created' | 'running' | 'paused' | 'restarting' | 'stopping' | 'exited' | 'dead'
  /** `none` where the container has no health check. */
  readonly health: 'none' | 'starting' | 'healthy' | 'unhealthy'
  readonly exitCode: number
  /** What made it exit, as its engine says; absent where it does not tell. */
  readonly end?: 'out-of-memory'
  /** ms since the epoch; absent where it has not exited, or its engine does not tell. */
  readonly endedAt?: number
  readonly restartCount: number
  /** ms since the epoch; 0 when never started. */
  readonly startedAt: number
  /** Reference that the container was made from, as the engine tells it. */
  readonly image: string
  /** Every digest by which its image is known: index and platform manifest. */
  readonly digests: readonly Digest[]
  readonly labels: Readonly<Record<string, string>>
  /** Of the image that it runs: bare hex. */
  readonly imageId: string
  /** `restart: always` and the like: this one is meant to keep running. */
  readonly restarts: 'no' | 'on-failure' | 'always' | 'unless-stopped'
  /** What it offers on this host, as the engine says. */
  readonly ports: readonly PublishedPort[]
  /** Other containers whose namespaces it uses. */
  readonly joins: readonly Joining[]
  /** Names of the networks that it hangs on, whether it runs or not; absent where its engine does not tell. */
  readonly networks?: readonly string[]
}

export interface Joining {
  /** Id or name. */
  readonly container: string
  readonly what: 'network' | 'ipc' | 'pid'
  /** Whether it stays the same where its engine starts the other container again after a crash. */
  readonly lasts: 'over-crashes' | 'one-start'
}

export interface PublishedPort {
  /** Address that it is bound to; empty for every one. */
  readonly host: string
  readonly port: number
  readonly protocol: 'tcp' | 'udp' | 'sctp'
}

/** All containers of compose projects at one instant. */
export interface ObservedState {
  /** ms since the epoch. */
  readonly at: number
  readonly containers: readonly ObservedContainer[]
}

export type ServiceAction = 'create' | 'recreate' | 'keep' | 'remove'

/** What a container that is kept is told, or told to do. */
export type KeptDeed = 'start' | 'restart' | `signal ${Signal}`

export interface ServicePlan {
  readonly name: string
  readonly action: ServiceAction
  /** Of a service that is kept, and not left alone; absent where nothing is done to it. */
  readonly and?: readonly KeptDeed[]
  readonly reasons: readonly string[]
}

/** Whether something is done to the service's containers. */
export function isTouched({ action, and = [] }: Pick<ServicePlan, 'action' | 'and'>): boolean {
  return action !== 'keep' || and.length > 0
}

/** Of something that says more of a service, the plan alone. */
export function planOf({ name, action, and, reasons }: ServicePlan): ServicePlan {
  return and === undefined ? { name, action, reasons } : { name, action, and, reasons }
}

/** The action in words: `recreate`; `keep, restart`. */
export function actionText({ action, and = [] }: Pick<ServicePlan, 'action' | 'and'>): string {
  return [action, ...and].join(', ')
}

export type DeploymentOutcome = 'succeeded' | 'unchanged' | 'failed' | 'rolled-back' | 'held'

/** What became of one stack in one pass. */
export interface Deployment extends Guidance {
  readonly stack: string
  readonly outcome: DeploymentOutcome
  readonly services: readonly ServicePlan[]
  readonly reason: string
  /** Who wants it held; absent where a problem of its own holds it. */
  readonly hold?: Hold['kind']
}
