import type { ObservedContainer, ObservedState, PublishedPort } from '../deployment.ts'
import type { Probe, ProbeCheck } from '../settings/probes.ts'

/** One thing to try, and whose it is. */
export interface ProbeTarget {
  readonly service: string
  /** `named`: a person's own, which counts as a check of health; `port`: a published one. */
  readonly source: 'named' | 'port'
  readonly attempt: ProbeAttempt
  /** ms from the provider's end in which it has to succeed for the first time; null for no time of its own. */
  readonly deadline: number | null
}

/** What can be tried from this host. */
export type ProbeAttempt =
  /** A port that the engine forwards into a container. */
  | { readonly kind: 'published'; readonly host: string; readonly port: number }
  | Exclude<ProbeCheck, { readonly kind: 'exec' }>
  | {
      readonly kind: 'exec'
      /** Id of the container. */
      readonly container: string
      readonly command: readonly string[]
    }

/** What of a probe came out at one look. */
export interface ProbeLook {
  readonly target: ProbeTarget
  /** null where it succeeded, else why not. */
  readonly failure: string | null
}

/** What has to be tried of these services, as far as their containers run. */
export function probeTargets(
  services: readonly { readonly name: string }[],
  probes: readonly Probe[],
  state: ObservedState,
): readonly ProbeTarget[] {
  return services.flatMap(({ name }) => {
    const running = state.containers.filter(
      (one) => one.service === name && one.state === 'running',
    )
    const probe = probes.find(({ service }) => service === name)
    const ports = probe?.ports === 'ignore' ? [] : running.flatMap(portTargets)
    return [...distinct(ports), ...(probe === undefined ? [] : namedTargets(probe, running))]
  })
}

/** A target in words, as a reason tells it. */
export function targetText({ attempt }: ProbeTarget): string {
  switch (attempt.kind) {
    case 'http':
      return attempt.url
    case 'tcp':
    case 'published':
      return `port ${attempt.port} of ${attempt.host}`
    case 'exec':
      return `"${attempt.command.join(' ')}"`
  }
}

function namedTargets(
  { service, check, deadline }: Probe,
  running: readonly ObservedContainer[],
): readonly ProbeTarget[] {
  if (check === null || running.length === 0) return []
  const rest = { service, source: 'named', deadline } as const
  if (check.kind !== 'exec') return [{ ...rest, attempt: check }]
  const { command } = check
  return running.map(({ id }) => ({ ...rest, attempt: { kind: 'exec', container: id, command } }))
}

/** UDP takes no connection, and SCTP is tried by nobody here. */
function portTargets({ service, ports }: ObservedContainer): readonly ProbeTarget[] {
  return ports
    .filter(({ protocol }) => protocol === 'tcp')
    .map((port) => ({
      service,
      source: 'port',
      attempt: { kind: 'published', host: reachable(port), port: port.port },
      deadline: null,
    }))
}

/** Bound to every address it answers on loopback too. */
function reachable({ host }: PublishedPort): string {
  if (host === '' || host === '0.0.0.0') return '127.0.0.1'
  return host === '::' ? '::1' : host
}

/** docker names a port once for each family of addresses. */
function distinct(targets: readonly ProbeTarget[]): readonly ProbeTarget[] {
  const byText = new Map(targets.map((target) => [targetText(target), target]))
  return [...byText.values()].filter(
    ({ attempt }) =>
      !(attempt.kind === 'published' && attempt.host === '::1') ||
      !byText.has(`port ${attempt.port} of 127.0.0.1`),
  )
}
