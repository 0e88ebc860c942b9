import { MagosError } from '../../domain/error.ts'
import type { RunChild } from '../../host/process.ts'
import type { Log, Provider } from '../../ports.ts'
import { capabilitiesOf } from './capabilities.ts'
import { listCandidates } from './candidate.ts'
import type { Candidate, CandidateContext } from './candidate.ts'

/** A provider that was found good, and how it is called. */
export interface FoundProvider extends Provider, Candidate {}

export interface ProviderContext extends CandidateContext {
  readonly run: RunChild
  readonly log: Log
}

const REMEDY =
  'Install Docker Compose v2 (package "docker-compose-plugin", or Debian 13’s "docker-compose"), or podman-compose, or name one by PODMAN_COMPOSE_PROVIDER'

/**
 * The provider that made a stack, where it is still here and can be trusted; else the first in `podman compose`'s order
 * that can, those before it told in the log. Throws `provider` when there is none, with what is wrong with each.
 */
export async function findProvider(
  context: ProviderContext,
  made: Provider['name'] | null,
  signal: AbortSignal,
): Promise<FoundProvider> {
  const refused: string[] = []
  let first: FoundProvider | null = null
  for (const candidate of listCandidates(context)) {
    const verdict = await judge(context, candidate, signal)
    if (typeof verdict === 'string') {
      refused.push(verdict)
      continue
    }
    if (first === null) tellPassedOver(context, refused)
    first ??= verdict
    if (made === null || verdict.name === made) return verdict
  }
  if (first !== null) return first
  const state = refused.length === 0 ? 'there is none on this host' : refused.join('; ')
  throw new MagosError('provider', `Find a compose provider: ${state}`, { remedy: REMEDY })
}

function tellPassedOver({ log }: ProviderContext, refused: readonly string[]): void {
  for (const reason of refused) log.warn({ reason }, 'A compose provider was passed over')
}

/** The provider, or why it is none. */
async function judge(
  { run }: ProviderContext,
  candidate: Candidate,
  signal: AbortSignal,
): Promise<FoundProvider | string> {
  const { command, prefix } = candidate
  const name = [command, ...prefix].join(' ')
  const result = await run(command, [...prefix, 'version'], { signal, timeout: 30_000 })
  if (result.outcome === 'cancelled') {
    throw new MagosError('interrupted', `Ask "${name}" for its version: interrupted`)
  }
  if (result.outcome === 'absent') return `"${name}" is not there`
  const answer = readVersion(`${result.stdout}\n${result.stderr}`)
  if (result.exitCode !== 0 || answer === null) {
    return `"${name}" does not tell its version: ${lastLine(result.stderr) || result.outcome}`
  }
  const objection = objectionTo(answer)
  if (objection !== null) return `"${name}" is ${answer.name} ${answer.version}, ${objection}`
  const { limits } = capabilitiesOf(answer)
  return { ...answer, limits, path: command, command, prefix }
}

/** What a provider says about itself; null when it is neither. */
export function readVersion(text: string): Pick<Provider, 'name' | 'version'> | null {
  // 1.0.3 calls itself a composer.
  const python = /podman-composer? version:?\s+v?(\d+\.\d+[\w.+-]*)/i.exec(text)?.[1]
  if (python !== undefined) return { name: 'podman-compose', version: python }
  const go = /docker[- ]compose version:? v?(\d+\.\d+[\w.+~-]*)/i.exec(text)?.[1]
  return go === undefined ? null : { name: 'docker-compose', version: go }
}

/** Why a version cannot be trusted with a deploy; null when it can. */
function objectionTo({ name, version }: Pick<Provider, 'name' | 'version'>): string | null {
  const [major = 0, minor = 0, patch = 0] = version
    .split('.')
    .map((part) => Number.parseInt(part, 10) || 0)
  if (name === 'docker-compose') {
    return major >= 2 ? null : 'which is no longer maintained and renames containers when it fails'
  }
  const isKnown = major > 1 || (major === 1 && (minor > 0 || patch >= 3))
  return isKnown ? null : 'which is older than what was ever tried'
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? ''
}
