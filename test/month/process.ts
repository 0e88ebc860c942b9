import { join } from 'node:path'
import type { Context, HostSettings } from '../../handlers/context.ts'
import { handle } from '../../handlers/index.ts'
import { createHeard } from '../../handlers/heard.ts'
import { createViews } from '../../handlers/views.ts'
import { createGitHub } from '../../src/adapters/github/github.ts'
import { createRemoteSource } from '../../src/adapters/git/remote-source.ts'
import { createHolds } from '../../src/adapters/holds/holds.ts'
import { createLastGood } from '../../src/adapters/last-good/last-good.ts'
import { openStore, type Store } from '../../src/adapters/store/store.ts'
import type { Event, Origin } from '../../src/domain/event.ts'
import { noRules } from '../../src/domain/policy/rules.ts'
import { createHttp } from '../../src/host/http.ts'
import type { Inbox, Log, Registry } from '../../src/ports.ts'
import { createLanes } from '../../src/work/lanes.ts'
import { startDispatch, type Dispatcher } from '../../src/work/dispatch.ts'
import { createMemoryCompose } from '../fakes/memory-compose.ts'
import { createMemoryEngine, type MemoryHost } from '../fakes/memory-engine.ts'
import { createMemoryHooks } from '../fakes/memory-hooks.ts'
import { createMemoryProber } from '../fakes/memory-prober.ts'
import { createMemorySecretFiles } from '../fakes/memory-secret-files.ts'
import { createMemorySecrets } from '../fakes/memory-secrets.ts'
import type { MemoryStackFiles } from '../fakes/memory-stack-files.ts'
import type { LabGitHub, LabRepository } from '../lab/github/lab.ts'
import type { AppRecord } from '../lab/github/state.ts'
import { turn, type MonthClock } from './clock.ts'
import { createWire, type Wire } from './wire.ts'

/** What outlives a process. */
export interface Ground {
  readonly clock: MonthClock
  readonly github: LabGitHub
  readonly repository: LabRepository
  readonly app: AppRecord
  readonly registry: Registry
  readonly machine: MemoryHost
  readonly files: MemoryStackFiles
  /** The data directory. */
  readonly directory: string
  readonly log: Log
  readonly random: () => number
}

/** A Magos with its store on disk, its adapters of GitHub and git, and its dispatcher. */
export interface MonthProcess {
  readonly store: Store
  readonly wire: Wire
  state(): 'alive' | 'dead'
  /** Lets the dispatcher look at what was accepted. */
  wake(): void
  /** Dies behind the n-th handler from now (1: the next), before anything of what it did is written down. */
  dieBehind(handlers: number): void
  /** What it did is done; what it had not begun, and what it had not written, is not. */
  die(): void
  /** Works until nothing is due before `until`, or it is dead. */
  work(until: number): Promise<void>
  /** Ends it in whichever way. */
  close(): Promise<void>
}

const host: HostSettings = {
  name: 'nas',
  repository: 'acme/homelab',
  rootStack: 'homelab',
  // A look proves at once, so that stacks which are proven beside each other do not share their waits.
  settle: 0,
  settleUnchecked: 0,
  deadline: 60_000,
  allowPaths: [],
  adopting: [],
  allowHooks: [],
  directories: {},
  platform: { os: 'linux', architecture: 'amd64', variant: null },
  guards: noRules,
  drift: 'heal',
  revert: 'updates',
  drifts: {},
  grace: 3_600_000,
  keepImages: 1,
}

/** The watch on other processes' events needs no timer here, and this is the longest there is. */
const NEVER = 2 ** 31 - 1

export function startProcess(ground: Ground): MonthProcess {
  const { clock, log, random, directory } = ground
  const ending = new AbortController()
  const { signal } = ending
  const http = createHttp()
  const wire = createWire(http, signal)
  const now = (): number => clock.now()
  const store = openStore({ path: join(directory, 'magos.db'), now, watchInterval: NEVER })
  const world = openWorld(ground, store, wire)
  const listeners = new Set<() => void>()
  let underWay = 0
  let left = Infinity
  let last: Promise<unknown> = Promise.resolve()
  const die = (): void => {
    ending.abort(new Error('Killed'))
    store.close()
  }
  // One at a time, so that a seed says all: what else happens at one time, the script lets happen between two calls.
  const handleInTurn = async (event: Event, origins: readonly Origin[], asked: AbortSignal) => {
    underWay += 1
    const before = last
    const { promise, resolve } = Promise.withResolvers<void>()
    last = promise
    try {
      await before
      signal.throwIfAborted()
      const raise: Context['raise'] = (followUps) => store.inbox.settle([], null, followUps)
      const around = { raise, origins, now: clock.now(), patience }
      const handled = await handle({ ...world, ...around }, event, asked)
      left -= 1
      if (left <= 0 && !signal.aborted) die()
      signal.throwIfAborted()
      return handled
    } finally {
      underWay -= 1
      resolve()
    }
  }
  const dispatcher = startDispatch({
    inbox: withListeners(store.inbox, listeners),
    handle: handleInTurn,
    clock: clock.around,
    log,
    random,
    signal,
  })
  return {
    store,
    wire,
    state: () => (signal.aborted ? 'dead' : 'alive'),
    wake: () => listeners.forEach((listener) => listener()),
    dieBehind(handlers) {
      left = handlers
    },
    die,
    async work(until) {
      for (;;) {
        await still(() => underWay)
        const next = clock.next()
        if (signal.aborted || next === null) return
        const isIdle = store.inbox.pending().length === 0
        if (isIdle || next > until) break
        clock.reach(next)
      }
      clock.reach(until)
      await still(() => underWay)
    },
    close: () => close(dispatcher, store, http),
  }
}

async function close(
  dispatcher: Dispatcher,
  store: Store,
  http: ReturnType<typeof createHttp>,
): Promise<void> {
  await dispatcher.stop()
  store.close()
  await http.close()
}

/** Told when the script says so: what comes in together is looked at together. */
function withListeners(inbox: Inbox, listeners: Set<() => void>): Inbox {
  return {
    ...inbox,
    watch(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}

async function still(underWay: () => number): Promise<void> {
  for (let quiet = 0; quiet < 8; quiet += 1) {
    await turn()
    if (underWay() > 0) quiet = 0
  }
}

function openWorld(
  { clock, github: lab, repository, app, registry, machine, files, directory, log }: Ground,
  { history, memory, upkeep, tombstones, pulledImages }: Store,
  { http }: Wire,
): Omit<Context, 'now' | 'origins' | 'raise' | 'patience'> {
  const { owner, name, branch } = repository
  const github = createGitHub({
    apiUrl: lab.url,
    serverUrl: lab.url,
    appId: app.id,
    privateKey: app.privateKey,
    owner,
    repo: name,
    branch: () => branch,
    clock: clock.inside,
    log,
    fetch: (input, init) => http.fetch(input, init),
  })
  const source = createRemoteSource({
    url: `${lab.url}/${owner}/${name}.git`,
    branch,
    directory: join(directory, 'git'),
    token: (asked, options) => github.token(asked, options),
    http,
    log,
  })
  const { committer, proposals, pulls, reports, installation } = github
  return {
    source,
    committer,
    proposals,
    pulls,
    reports,
    installation,
    registry,
    history,
    memory,
    upkeep,
    tombstones,
    pulledImages,
    files,
    host,
    log,
    ancestry: source,
    engine: createMemoryEngine(machine),
    prober: createMemoryProber(),
    hooks: createMemoryHooks(),
    compose: createMemoryCompose(machine),
    views: createViews(),
    heard: { commit: createHeard(), pr: createHeard() },
    holds: createHolds({ directory: join(directory, 'holds'), log }),
    lanes: createLanes({ limit: 4 }),
    lastGood: createLastGood({ directory: join(directory, 'last-good'), log }),
    machine: {
      boot: 'first',
      container: null,
      firstPort: () => 1024,
      isEnding: async () => await Promise.resolve(false),
    },
    secrets: createMemorySecrets(),
    secretFiles: createMemorySecretFiles(),
  }
}

/** Real time tells nothing here: whoever is slow is waited for. */
function patience(): AbortSignal {
  return new AbortController().signal
}
