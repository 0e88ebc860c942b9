import type { ObservedContainer } from '../deployment.ts'
import type { Asked } from '../turn.ts'
import { cutText, missingNetworks } from './attached.ts'
import { isAskedFor, type Departure } from './departure.ts'
import { endsAsStopped } from './ends-as-stopped.ts'
import { leftBehindBy } from './joined.ts'
import { isLeftDown, keepsRunning } from './restart-policy.ts'
import { isBeingStopped, isUp, type ServiceStanding } from './standing.ts'

export interface DriftTerms {
  readonly standing: Readonly<Record<string, ServiceStanding>>
  /** Of the stack's project. */
  readonly containers: readonly ObservedContainer[]
  /** Whether a container still is of the configuration and the image that were proven. */
  readonly isProven: (container: ObservedContainer) => boolean
  readonly departures: readonly Departure[]
  readonly asked: Asked
  /** Whether the machine was booted since the proof; `another` as well where whoever was at the containers died. */
  readonly boot: 'same' | 'another'
  /** ms since the epoch. */
  readonly now: number
  /** Times that it was tried to put right of late, and how many of the last of them failed. */
  readonly tries: number
  readonly failures: number
}

export interface Fault {
  readonly service: string
  /** `start` what is stopped, `restart` what shares nothing any more, or `make` anew what is gone or is another. */
  readonly mend: 'start' | 'restart' | 'make'
  /** Ids of containers that are others than what was proven: no provider would know them for that. */
  readonly strangers: readonly string[]
  readonly reason: string
}

export type Drift =
  | { readonly state: 'none' }
  /** Somebody is stopping it just now, or its engine about to start it: nobody can tell yet what it comes to. */
  | { readonly state: 'moving'; readonly reason: string }
  /** Every container left by a stop or remove of the engine that somebody else asked for. */
  | {
      readonly state: 'stopped-by-hand'
      readonly reason: string
      readonly faults: readonly Fault[]
    }
  | { readonly state: 'drifted'; readonly faults: readonly Fault[] }
  /** After a boot, or a try to put it right that failed, it is proven again even where nothing seems to be wrong. */
  | { readonly state: 'unproven'; readonly faults: readonly Fault[] }

/** Compares what was proven with what is there. */
export function driftOf(terms: DriftTerms): Drift {
  const { containers, boot, failures, asked } = terms
  const leaving = containers.find(isBeingStopped)
  // Where whoever stopped it died it may never end by itself, and who asks for the stack wants it up.
  if (leaving !== undefined && boot === 'same' && asked === 'by-event') {
    return { state: 'moving', reason: `container ${leaving.name} is being stopped` }
  }
  const faults = Object.keys(terms.standing).flatMap((service) => faultOf(terms, service) ?? [])
  if (boot === 'another' || (failures > 0 && faults.length === 0)) {
    return { state: 'unproven', faults }
  }
  if (faults.length === 0) return quiet(terms)
  // After a try that failed we may have stopped it ourselves.
  return failures === 0 && isStoppedByHand(terms)
    ? { state: 'stopped-by-hand', reason: 'all of its containers were stopped or removed', faults }
    : { state: 'drifted', faults }
}

/** What its engine starts again is the engine's to start, and to be looked at again: it may not do it. */
function quiet(terms: DriftTerms): Drift {
  const { containers, standing } = terms
  const dead = containers.find(
    (one) => Object.hasOwn(standing, one.service) && isEnginesToStart(terms, one),
  )
  if (dead === undefined) return { state: 'none' }
  return { state: 'moving', reason: `${downText(dead)}, and its engine starts it again` }
}

function faultOf(terms: DriftTerms, service: string): Fault | null {
  const { running = 0, ended = 0 } = terms.standing[service] ?? {}
  const own = terms.containers.filter((container) => container.service === service)
  const others = own.filter((container) => !terms.isProven(container))
  const [other] = others
  if (other !== undefined) {
    const reason = `container ${other.name} is not what was proven: another image or configuration`
    return { service, mend: 'make', strangers: others.map(({ id }) => id), reason }
  }
  const missing = running + ended - own.length
  const strangers: readonly string[] = []
  if (missing > 0) {
    return { service, mend: 'make', strangers, reason: `${missing} of its containers are gone` }
  }
  const down = own.filter((container) => !isUp(container) && !hasEnded(terms, container))
  const [first] = down
  if (first === undefined || own.length - down.length >= running + ended) {
    return cutOff(terms, service, own) ?? disconnected(terms, service, own)
  }
  return { service, mend: 'start', strangers, reason: downText(first) }
}

/** Of a container that does not run: which one, and how it stands. */
export function downText({ name, state, exitCode }: ObservedContainer): string {
  return `container ${name} ${state === 'exited' ? `exited with ${exitCode}` : `is ${state}`}`
}

/** It runs on by itself: whoever joins a container that is started anew stays behind in what that one had. */
function cutOff(
  { containers }: DriftTerms,
  service: string,
  own: readonly ObservedContainer[],
): Fault | null {
  for (const container of own) {
    const owner = leftBehindBy(container, containers)
    if (owner === null) continue
    const reason = `container ${container.name} lost what it shares with ${owner.name}, which was started after it`
    return { service, mend: 'restart', strangers: [], reason }
  }
  return null
}

/** Somebody took it off a network, and it runs on by itself: neither a start nor its provider would bring it back. */
function disconnected(
  { standing }: DriftTerms,
  service: string,
  own: readonly ObservedContainer[],
): Fault | null {
  const { networks = [] } = standing[service] ?? {}
  const cut = own.filter((one) => isUp(one) && missingNetworks(networks, one).length > 0)
  const [first] = cut
  if (first === undefined) return null
  const [network = ''] = missingNetworks(networks, first)
  const reason = cutText(first, network)
  return { service, mend: 'make', strangers: cut.map(({ id }) => id), reason }
}

/**
 * A job that came to its end needs nobody. One that was still at it when it was proven is told from a stopped server by
 * ending well again after it was started once more; and what its own engine starts again is the engine's to start.
 */
function hasEnded(terms: DriftTerms, container: ObservedContainer): boolean {
  if (container.state !== 'exited') return false
  if (keepsRunning(container)) return isEnginesToStart(terms, container)
  const { ended = 0 } = terms.standing[container.service] ?? {}
  return container.exitCode === 0 && (ended > 0 || terms.tries > 0)
}

/** Not for ever: some engines leave a container down when it crashes, to which somebody sent a signal before. */
function isEnginesToStart(terms: DriftTerms, container: ObservedContainer): boolean {
  if (container.state !== 'exited' || !keepsRunning(container)) return false
  return departureOf(terms, container) === 'died' && !isLeftDown(container, terms.now)
}

function isStoppedByHand(terms: DriftTerms): boolean {
  const servers = Object.entries(terms.standing).filter(([, { running }]) => running > 0)
  if (terms.containers.some((container) => isUp(container) || !terms.isProven(container))) {
    return false
  }
  return (
    servers.length > 0 && servers.every(([service, stood]) => wasStopped(terms, service, stood))
  )
}

function wasStopped(terms: DriftTerms, service: string, { running, ended }: ServiceStanding) {
  const own = terms.containers.filter((container) => container.service === service)
  const seen = terms.departures.filter((departure) => departure.service === service)
  const there = new Set(own.map(({ id }) => id))
  const gone = seen.filter(({ container }) => !there.has(container))
  // What is gone was removed, and only an engine does that; unless it was seen to go otherwise.
  if (own.length < running + ended && gone.some(({ how }) => !isAskedFor(how))) return false
  return own.every((container) => {
    const how = departureOf(terms, container)
    return how === null ? looksStopped(container) : isAskedFor(how)
  })
}

function departureOf({ departures }: DriftTerms, { id }: ObservedContainer) {
  return departures.find(({ container }) => container === id)?.how ?? null
}

/** Where nobody saw it go, and its engine does not know. What that would have started again was most likely stopped by it. */
function looksStopped(container: ObservedContainer): boolean {
  if (container.state !== 'exited') return false
  return keepsRunning(container) || endsAsStopped(container)
}
