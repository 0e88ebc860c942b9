import type { Trouble } from '../../src/domain/deploy/trouble.ts'
import { MagosError } from '../../src/domain/error.ts'
import type { Event, Origin } from '../../src/domain/event.ts'
import type {
  Accepted,
  AsideState,
  DeploymentRecord,
  FailedState,
  History,
  ImageContent,
  Inbox,
  Manifests,
  Memory,
  ProvenState,
  PulledImages,
  Sight,
  Standing,
  Tombstones,
  Upkeep,
} from '../../src/ports.ts'

export interface MemoryStoreOptions {
  readonly now: () => number
  /** Events that may wait at one time; default 1,000. */
  readonly queueLimit?: number
}

/** `Inbox`, `History` and `Memory` without a disk; the contract suites hold both to what the real store does. */
export function openMemoryStore({ now, queueLimit = 1_000 }: MemoryStoreOptions): {
  readonly inbox: Inbox
  readonly history: History
  readonly memory: Memory
  readonly upkeep: Upkeep
  readonly tombstones: Tombstones
  readonly pulledImages: PulledImages
  readonly manifests: Manifests
  close(): void
} {
  return {
    inbox: memoryInbox(now, queueLimit),
    history: memoryHistory(),
    memory: memoryOfSights(),
    upkeep: memoryUpkeep(),
    tombstones: memoryTombstones(),
    pulledImages: memoryPulledImages(),
    manifests: memoryManifests(),
    close: () => undefined,
  }
}

function memoryInbox(now: () => number, queueLimit: number): Inbox {
  const unsettled = new Map<number, Accepted>()
  const answers = new Map<number, string>()
  const listeners = new Set<() => void>()
  let lastId = 0
  let waiting = 0

  const insert = (event: Event, origin: Origin): number => {
    const id = (lastId += 1)
    const at = now()
    unsettled.set(id, { id, event, origin, acceptedAt: at, attempts: 0, dueAt: at })
    return id
  }
  const tell = () => {
    for (const listener of listeners) listener()
  }

  return {
    async accept(event, origin) {
      if (waiting >= queueLimit) throw new MagosError('busy', 'Accept an event: too many wait')
      const [kept, from] = structuredClone([event, origin] as const)
      waiting += 1
      await new Promise((resolve) => void setImmediate(resolve))
      waiting -= 1
      const id = insert(kept, from)
      tell()
      return id
    },
    pending: () => [...unsettled.values()],
    settle(ids, answer, followUps) {
      const text = JSON.stringify(answer ?? null)
      for (const id of ids) if (unsettled.delete(id)) answers.set(id, text)
      for (const { event, origin } of followUps) insert(event, origin)
      if (followUps.length > 0) tell()
    },
    postpone(ids, dueAt) {
      for (const id of ids) {
        const row = unsettled.get(id)
        if (row !== undefined) unsettled.set(id, { ...row, dueAt, attempts: row.attempts + 1 })
      }
    },
    answer(id) {
      const text = answers.get(id)
      return text === undefined ? undefined : JSON.parse(text)
    },
    watch(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}

function memoryHistory(): History {
  const provens = new Map<string, ProvenState>()
  const failures = new Map<string, FailedState>()
  const records: DeploymentRecord[] = []
  const asides = new Map<string, AsideState>()
  const commits = new Set<string>()
  let reached: { readonly commit: string; readonly at: number } | null = null

  const end = (id: number, ending: Pick<DeploymentRecord, 'endedAt' | 'outcome' | 'reason'>) => {
    const record = records[id - 1]
    if (record !== undefined) records[id - 1] = { ...record, ...ending }
  }

  return {
    proven: (stack) => provens.get(stack) ?? null,
    failed: (stack) => failures.get(stack) ?? null,
    begin({ stack, commit, inputs, at, cause = null }) {
      const left = records.filter((one) => one.stack === stack && one.outcome === null)
      for (const one of left) end(one.id, { endedAt: at, outcome: 'interrupted', reason: '' })
      const id = records.length + 1
      const open = { endedAt: null, outcome: null, reason: '' }
      records.push({ id, stack, commit, inputs, startedAt: at, ...open, cause })
      return id
    },
    succeed(id, proven, reason) {
      end(id, { endedAt: proven.at, outcome: 'succeeded', reason })
      provens.set(proven.stack, proven)
      failures.delete(proven.stack)
      asides.delete(proven.stack)
    },
    fail(id, failed) {
      const outcome = failed.restored === 'done' ? 'rolled-back' : 'failed'
      end(id, { endedAt: failed.at, outcome, reason: failed.reason })
      failures.set(failed.stack, failed)
      asides.delete(failed.stack)
    },
    restore(stack, ending) {
      const failed = failures.get(stack)
      if (failed === undefined) return
      failures.set(stack, { ...failed, ...ending })
      if (ending.restored !== 'done') return
      const index = records.findLastIndex((one) => {
        return one.stack === stack && one.outcome === 'failed' && one.inputs === failed.inputs
      })
      const record = records[index]
      if (record !== undefined) records[index] = { ...record, outcome: 'rolled-back' }
    },
    setAside(aside, cause) {
      asides.set(aside.stack, aside)
      const { stack, commit, outcome, reason, at } = aside
      const id = records.length + 1
      const ended = { startedAt: at, endedAt: at, outcome, reason, cause }
      records.push({ id, stack, commit, inputs: '', ...ended })
    },
    aside: (stack) => asides.get(stack) ?? null,
    resume: (stack) => void asides.delete(stack),
    prove(proven) {
      provens.set(proven.stack, proven)
      asides.delete(proven.stack)
      if (failures.get(proven.stack)?.inputs === proven.inputs) failures.delete(proven.stack)
    },
    stacks: () =>
      [...new Set([...provens.keys(), ...failures.keys(), ...asides.keys()])].toSorted(),
    forget(stack, removal) {
      for (const one of [provens, failures, asides]) one.delete(stack)
      if (removal === null) return
      const { at, ...rest } = removal
      const ended = { startedAt: at, endedAt: at, outcome: 'succeeded' } as const
      records.push({ id: records.length + 1, stack, inputs: '', ...rest, ...ended })
    },
    interrupted(now) {
      const open = records.filter(({ outcome }) => outcome === null)
      for (const { id } of open) end(id, { endedAt: now, outcome: 'interrupted', reason: '' })
      return open.flatMap(({ id }) => records[id - 1] ?? [])
    },
    deployments: (limit) => records.toReversed().slice(0, limit),
    committed: (commit) => void commits.add(commit),
    isOurs: (commit) => commits.has(commit),
    reached: () => reached?.commit ?? null,
    reachedAt: () => reached?.at ?? 0,
    reach(commit, at) {
      reached = { commit, at }
    },
  }
}

function memoryOfSights(): Memory {
  const sights = new Map<string, number>()
  return {
    firstSeen: (sight) => sights.get(keyOf(sight)) ?? null,
    see(sight, at) {
      sights.set(keyOf(sight), Math.min(at, sights.get(keyOf(sight)) ?? at))
    },
  }
}

function keyOf({ repository, tag, digest }: Sight): string {
  return `${repository}:${tag}@${digest}`
}

function memoryUpkeep(): Upkeep {
  const standings = new Map<string, Standing>()
  const troubles = new Map<string, Trouble>()
  return {
    standing: (stack) => standings.get(stack) ?? null,
    standings: () => [...standings.values()].toSorted((a, b) => (a.stack < b.stack ? -1 : 1)),
    stand: (standing) => void standings.set(standing.stack, structuredClone(standing)),
    forget: (stack) => void standings.delete(stack),
    trouble: (stack) => troubles.get(stack) ?? null,
    note: (trouble) => void troubles.set(trouble.stack, { ...trouble }),
    forgive: (stack) => void troubles.delete(stack),
  }
}

function memoryTombstones(): Tombstones {
  const buried = new Map<string, number>()
  return {
    all: () =>
      [...buried]
        .map(([stack, at]) => ({ stack, at }))
        .toSorted((a, b) => (a.stack < b.stack ? -1 : 1)),
    bury: ({ stack, at }) => void buried.set(stack, buried.get(stack) ?? at),
    forget: (stack) => void buried.delete(stack),
  }
}

function memoryPulledImages(): PulledImages {
  const pulled = new Map<string, number>()
  return {
    all: () =>
      [...pulled]
        .map(([image, at]) => ({ image, at }))
        .toSorted((a, b) => (a.image < b.image ? -1 : 1)),
    note: ({ image, at }) => void pulled.set(image, at),
    forget: (image) => void pulled.delete(image),
  }
}

function memoryManifests(): Manifests {
  const kept = new Map<string, ImageContent>()
  return {
    find: (repository, digest) => structuredClone(kept.get(`${repository}@${digest}`) ?? null),
    keep(repository, digest, content) {
      kept.set(`${repository}@${digest}`, structuredClone(content))
      const [oldest] = kept.keys()
      if (oldest !== undefined && kept.size > 5_000) kept.delete(oldest)
    },
  }
}
