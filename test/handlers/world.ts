import type { Context, Handled, HostSettings } from '../../handlers/context.ts'
import { commitReached } from '../../handlers/commit-reached.ts'
import { createHeard } from '../../handlers/heard.ts'
import { revisionPushed } from '../../handlers/revision-pushed.ts'
import { createViews } from '../../handlers/views.ts'
import type { DeployAnswer } from '../../src/domain/answer/sync.ts'
import type { Deployment } from '../../src/domain/deployment.ts'
import type { Report, StatusReport } from '../../src/domain/event.ts'
import type { Digest } from '../../src/domain/image-reference.ts'
import { noRules } from '../../src/domain/policy/rules.ts'
import type {
  Clock,
  Committer,
  History,
  Inbox,
  Machine,
  Registry,
  Source,
} from '../../src/ports.ts'
import { createMemoryCompose } from '../fakes/memory-compose.ts'
import type { MemoryComposeOptions } from '../fakes/memory-compose.ts'
import { createMemoryEngine, createMemoryHost } from '../fakes/memory-engine.ts'
import type { MemoryHost } from '../fakes/memory-engine.ts'
import { createMemoryGit } from '../fakes/memory-git.ts'
import type { MemoryFiles, MemoryGit } from '../fakes/memory-git.ts'
import { createMemoryHolds } from '../fakes/memory-holds.ts'
import { createMemoryHooks } from '../fakes/memory-hooks.ts'
import type { MemoryHooks } from '../fakes/memory-hooks.ts'
import { createMemoryProber } from '../fakes/memory-prober.ts'
import type { MemoryProber } from '../fakes/memory-prober.ts'
import { createMemoryLastGood } from '../fakes/memory-last-good.ts'
import { createMemoryProposals } from '../fakes/memory-proposals.ts'
import type { MemoryProposals } from '../fakes/memory-proposals.ts'
import { createMemoryPulls } from '../fakes/memory-pulls.ts'
import type { MemoryPulls } from '../fakes/memory-pulls.ts'
import { createMemoryRegistry } from '../fakes/memory-registry.ts'
import type { MemoryRegistry } from '../fakes/memory-registry.ts'
import { createMemorySecretFiles } from '../fakes/memory-secret-files.ts'
import type { MemorySecretFiles } from '../fakes/memory-secret-files.ts'
import { createMemorySecrets } from '../fakes/memory-secrets.ts'
import type { MemorySecrets } from '../fakes/memory-secrets.ts'
import { createMemoryStackFiles } from '../fakes/memory-stack-files.ts'
import type { MemoryStackFiles } from '../fakes/memory-stack-files.ts'
import { openMemoryStore } from '../fakes/memory-store.ts'
import { createLanes } from '../../src/work/lanes.ts'
import { memoryLog } from '../work/memory-log.ts'
import type { LogLine } from '../work/memory-log.ts'

export interface WorldOptions {
  readonly host?: Partial<HostSettings>
  readonly provider?: MemoryComposeOptions
  readonly machine?: Partial<Machine>
}

/** One host, its repository and the registries, in memory; time passes only where somebody waits. */
export interface World {
  readonly ctx: Context
  readonly git: MemoryGit
  readonly proposals: MemoryProposals
  readonly pulls: MemoryPulls
  readonly registry: MemoryRegistry
  readonly machine: MemoryHost
  readonly prober: MemoryProber
  readonly hooks: MemoryHooks
  readonly files: MemoryStackFiles
  readonly secrets: MemorySecrets
  readonly secretFiles: MemorySecretFiles
  readonly history: History
  readonly inbox: Inbox
  readonly lines: readonly LogLine[]
  /** What `reports` was asked to tell. */
  readonly told: readonly Report[]
  /** What the repository and the registries were asked, in order. */
  readonly order: readonly string[]
  /** What was raised while something was under way, for whoever takes it. */
  readonly raised: Raised
}

type Raised = Handled['followUps'][number][]

export function createWorld(
  files: MemoryFiles,
  { host = {}, provider = {}, machine: machineOptions = {} }: WorldOptions = {},
): World {
  const clock = steppingClock()
  const git = createMemoryGit(files)
  const registry = createMemoryRegistry()
  const proposals = createMemoryProposals(git)
  const pulls = createMemoryPulls(git)
  const machine = createMemoryHost(clock, { check: 100, crash: 100, look: 50 })
  const prober = createMemoryProber()
  const hooks = createMemoryHooks()
  const stackFiles = createMemoryStackFiles()
  const secrets = createMemorySecrets()
  const secretFiles = createMemorySecretFiles()
  const { history, inbox, memory, pulledImages, tombstones, upkeep } = openMemoryStore({
    now: () => clock.now(),
  })
  const lines: LogLine[] = []
  const told: Report[] = []
  const order: string[] = []
  const raised: Raised = []
  const ctx: Context = {
    ...recordOrder({ source: git, committer: git, registry }, order),
    ancestry: git,
    proposals,
    pulls,
    reports: {
      status: async (report) => void told.push(report),
      deployment: async (report) => void told.push(report),
      checkRun: async (report) => void told.push(report),
    },
    installation: null,
    engine: createMemoryEngine(machine),
    prober,
    hooks,
    compose: createMemoryCompose(machine, provider),
    files: stackFiles,
    history,
    memory,
    views: createViews(),
    heard: { commit: createHeard(), pr: createHeard() },
    holds: createMemoryHolds(),
    lanes: createLanes({ limit: 4 }),
    lastGood: createMemoryLastGood(),
    upkeep,
    tombstones,
    pulledImages,
    machine: {
      boot: 'first',
      container: null,
      firstPort: () => 1024,
      isEnding: async () => await Promise.resolve(false),
      ...machineOptions,
    },
    secrets,
    secretFiles,
    host: { ...usualHost, ...host },
    log: memoryLog(lines),
    raise: (followUps) => void raised.push(...followUps),
    // Every handler reads it once, so every pass has a later one.
    origins: [],
    patience: () => new AbortController().signal,
    get now() {
      return clock.tick()
    },
  }
  return {
    ctx,
    git,
    registry,
    machine,
    prober,
    hooks,
    proposals,
    pulls,
    files: stackFiles,
    secrets,
    secretFiles,
    history,
    inbox,
    lines,
    told,
    order,
    raised,
  }
}

const usualHost: HostSettings = {
  name: 'nas',
  repository: 'o/homelab',
  rootStack: 'homelab',
  settle: 300,
  settleUnchecked: 300,
  deadline: 2_000,
  allowPaths: [],
  allowHooks: [],
  directories: {},
  adopting: [],
  platform: { os: 'linux', architecture: 'amd64', variant: null },
  guards: noRules,
  drift: 'heal',
  revert: 'updates',
  drifts: {},
  grace: 3_600_000,
  keepImages: 1,
}

export const signal = new AbortController().signal

/** A digest that tells its number. */
export function digest(number: number): Digest {
  return `sha256:${number.toString(16).padStart(64, '0')}`
}

/** A compose file with one service a line: `web: {image: …}`. */
export function compose(...services: readonly string[]): string {
  return `services:\n${services.map((service) => `  ${service}\n`).join('')}`
}

export async function deploy(
  world: World,
  pass: (ctx: Context) => Promise<Handled<DeployAnswer>> = (ctx) =>
    revisionPushed(ctx, { kind: 'revision-pushed' }, signal),
): Promise<{
  readonly deployments: readonly Deployment[]
  /** Statuses, without what all of them say alike. */
  readonly reports: readonly Omit<StatusReport, 'kind'>[]
  readonly told: readonly Report[]
  /** What engine and provider were asked in this pass, looks while proving left out. */
  readonly calls: readonly string[]
}> {
  const before = world.machine.calls.length
  const { answer, followUps: last } = await pass(world.ctx)
  const followUps = [...last, ...world.raised.splice(0)]
  const told = followUps.flatMap(({ event }) => (event.kind === 'report-due' ? [event.report] : []))
  const reports = told.flatMap((report) => {
    if (report.kind !== 'status') return []
    const { kind: _, ...rest } = report
    return [rest]
  })
  for (const { event } of followUps) {
    if (event.kind === 'commit-reached') await commitReached(world.ctx, event)
  }
  const calls = world.machine.calls.slice(before).filter((call) => !call.startsWith('watch '))
  return { deployments: answer.deployments, reports, told, calls }
}

/** `stack outcome`, one a stack. */
export function outcomes(deployments: readonly Deployment[]): string[] {
  return deployments.map(({ stack, outcome }) => `${stack} ${outcome}`)
}

/** Container ids by `project-service-number`. */
export function containers({ machine }: World): Record<string, string> {
  return Object.fromEntries([...machine.containers.values()].map(({ name, id }) => [name, id]))
}

function steppingClock(): Clock & { tick(): number } {
  let now = Date.UTC(2026, 0, 1)
  return {
    now: () => now,
    tick: () => (now += 1),
    async sleep(ms, asked) {
      await Promise.resolve()
      asked.throwIfAborted()
      now += ms
    },
  }
}

interface Asked {
  readonly source: Source
  readonly committer: Committer
  readonly registry: Registry
}

function recordOrder({ source, committer, registry }: Asked, order: string[]): Asked {
  return {
    source: {
      head: (asked) => {
        order.push('head')
        return source.head(asked)
      },
      recall: (commit, asked) => source.recall(commit, asked),
      tree: (revision, asked) => source.tree(revision, asked),
      read: (entry, asked) => source.read(entry, asked),
    },
    committer: {
      commit: (proposal, asked) => {
        order.push(`commit on ${proposal.parent.commit}`)
        return committer.commit(proposal, asked)
      },
    },
    registry: {
      ...registry,
      tags: (name, asked) => {
        order.push('registry')
        return registry.tags(name, asked)
      },
      digest: (name, reference, asked) => {
        order.push('registry')
        return registry.digest(name, reference, asked)
      },
      manifest: (name, index, asked) => {
        order.push('registry')
        return registry.manifest(name, index, asked)
      },
    },
  }
}
