import { withTied } from '../../src/domain/deploy/tied-plan.ts'
import {
  compareDefinitions,
  withMarks,
  withNetworksAnew,
  type Comparison,
} from '../../src/domain/deploy/definition-plan.ts'
import { ownDefinitions } from '../../src/domain/deploy/definitions.ts'
import type { Context } from '../context.ts'
import type { ResolvedStack } from './resolve-stack.ts'

type Fitted =
  | { readonly outcome: 'fits'; readonly resolved: ResolvedStack }
  /** Nothing of it may be touched before a person acts. */
  | { readonly outcome: 'held'; readonly reason: string; readonly remedy: string }

type EngineContext = Pick<Context, 'engine'>

/**
 * Compares the networks and volumes of a stack that is to be deployed with those that are here: no provider changes one
 * that it finds. A network is made anew with all that hangs on it; a volume holds what nobody throws away.
 */
export async function fitDefinitions(
  ctx: EngineContext,
  resolved: ResolvedStack,
  signal: AbortSignal,
): Promise<Fitted> {
  const comparisons = await compare(ctx, resolved, signal)
  const changed = comparisons.filter((one) => one.changed.length > 0)
  const volume = changed.find(({ definition }) => definition.kind === 'volume')
  if (volume !== undefined) return await heldVolume(ctx, resolved, volume, signal)
  for (const network of changed) {
    const held = await heldNetwork(ctx, resolved, network, signal)
    if (held !== null) return held
  }
  const made = new Set(changed.map(({ definition }) => definition))
  const marked = withDocument(resolved, withMarks(resolved.desired.document, comparisons, made))
  if (changed.length === 0) return { outcome: 'fits', resolved: marked }
  const { document } = resolved.desired
  const anew = withTied(withNetworksAnew(marked, changed, document, resolved.source.project))
  const going = new Set(anew.plan.filter(({ action }) => action !== 'keep').map(({ name }) => name))
  const reloads = anew.reloads.filter(({ service }) => !going.has(service))
  return { outcome: 'fits', resolved: { ...anew, reloads } }
}

/** What is put right was proven with the networks and volumes that are here, whatever is said of them. */
export async function keepDefinitions(
  ctx: EngineContext,
  resolved: ResolvedStack,
  signal: AbortSignal,
): Promise<ResolvedStack> {
  const comparisons = await compare(ctx, resolved, signal)
  return withDocument(resolved, withMarks(resolved.desired.document, comparisons, new Set()))
}

async function compare(
  { engine }: EngineContext,
  { source, desired }: ResolvedStack,
  signal: AbortSignal,
): Promise<readonly Comparison[]> {
  const definitions = ownDefinitions(desired.document, source.project)
  if (definitions.length === 0) return []
  const named = (kind: Comparison['definition']['kind']) =>
    definitions.filter((one) => one.kind === kind).map(({ name }) => name)
  const names = { network: named('network'), volume: named('volume') }
  return compareDefinitions(definitions, await engine.definitions(names, signal))
}

function withDocument(
  resolved: ResolvedStack,
  document: ResolvedStack['desired']['document'],
): ResolvedStack {
  return { ...resolved, desired: { ...resolved.desired, document } }
}

async function heldVolume(
  { engine }: EngineContext,
  { desired, containers }: ResolvedStack,
  { definition, changed }: Comparison,
  signal: AbortSignal,
): Promise<Fitted> {
  const { name: program } = await engine.info(signal)
  const { key, name } = definition
  const users = containers.filter(({ service }) => {
    const { services, ...rest } = desired.document
    const own = services[service]
    const document = { ...rest, services: own === undefined ? {} : { [service]: own } }
    return ownDefinitions(document, '').some((one) => one.kind === 'volume' && one.key === key)
  })
  const removal = users.length === 0 ? '' : `${program} rm --force ${namesOf(users)} && `
  return {
    outcome: 'held',
    reason: `volume "${name}" is not as it is defined (${changed.join(', ')}), and what it holds is not thrown away`,
    remedy: `Take the change back, or define it under another name; or save what it holds, then: ${removal}${program} volume rm ${name}`,
  }
}

const PROJECT = 'com.docker.compose.project'

/** Null where the network is the stack's own, and so is all that hangs on it. */
async function heldNetwork(
  { engine }: EngineContext,
  { source, containers }: ResolvedStack,
  { definition, shown, changed }: Comparison,
  signal: AbortSignal,
): Promise<Extract<Fitted, { readonly outcome: 'held' }> | null> {
  const { name } = definition
  const what = `network "${name}" is not as it is defined (${changed.join(', ')})`
  if (shown?.labels[PROJECT] !== source.project) {
    return {
      outcome: 'held',
      reason: `${what}, and was not made for project "${source.project}"`,
      remedy: 'Say "external: true" of it, or define it under another name',
    }
  }
  const own = new Set(containers.map(({ id }) => id))
  const others = [...(await engine.containersOn(name, signal))].filter(([id]) => !own.has(id))
  if (others.length === 0) return null
  const { name: program } = await engine.info(signal)
  const foreign = others.map(([, container]) => container)
  const leave = foreign.map((container) => `${program} network disconnect ${name} ${container}`)
  return {
    outcome: 'held',
    reason: `${what}, and containers of others hang on it: ${foreign.join(', ')}`,
    remedy: `Take the change back, or define it under another name; or let them go first: ${leave.join(' && ')}`,
  }
}

function namesOf(containers: readonly { readonly name: string }[]): string {
  return containers.map(({ name }) => name).join(' ')
}
