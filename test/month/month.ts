import type { Digest } from '../../src/domain/image-reference.ts'
import { makeDice } from '../domain/compose/compose-maker.ts'
import type { MemoryRegistry } from '../fakes/memory-registry.ts'
import { digest } from '../handlers/world.ts'
import { announceMove } from '../lab/github/refs.ts'
import type { PullRecord } from '../lab/github/state.ts'
import type { LogLine } from '../work/memory-log.ts'
import { planFault } from './faults.ts'
import { IMAGES, MOVING, OWNER } from './homelab-files.ts'
import type { Edit, Ledger } from './ledger.ts'
import { personsEdit } from './people.ts'
import { startProcess, type Ground, type MonthProcess } from './process.ts'
import { openScene } from './scene.ts'

export interface MonthOptions {
  readonly seed: number
  /** Images that are pushed until it is over. */
  readonly pushes: number
}

/** What a month left behind, to be examined. */
export interface Month extends Pick<Ground, 'github' | 'repository'> {
  readonly process: MonthProcess
  readonly registry: MemoryRegistry
  readonly ledger: Ledger
  /** What happened how often. */
  readonly counts: Readonly<Record<string, number>>
  /** Versions by image, each with its digest. */
  readonly pushed: ReadonlyMap<string, ReadonlyMap<string, Digest>>
  /** Pull requests that a person closed as Magos had left them. */
  readonly declined: readonly number[]
  readonly lines: readonly LogLine[]
  close(): Promise<void>
}

const DAY = 24 * 60 * 60_000
/** Images that are pushed in a whole month, and at one time on the average. */
const MONTHLY = 500
const TOGETHER = 3

/** Lives through it: the same seed, the same month. */
export async function liveMonth({ seed, pushes }: MonthOptions): Promise<Month> {
  const life = await openLife(seed)
  await life.begin()
  while (life.pushed() < pushes) await life.step((30 * DAY) / (MONTHLY / TOGETHER))
  return await life.end()
}

async function openLife(seed: number) {
  const dice = makeDice(seed)
  const scene = await openScene(dice)
  const { ground, ledger, pushed, registry, lines } = scene
  const { clock, github, repository } = ground
  const counts: Record<string, number> = {}
  const declined: number[] = []
  let process = startProcess(ground)
  scene.door.open(process.store.inbox)
  let number = 0
  let polled = clock.now()

  const count = (what: string): void => void (counts[what] = (counts[what] ?? 0) + 1)
  const chance = (part: number): boolean => dice(...Array(100).keys()) < part
  const versionOf = (name: string): readonly string[] =>
    [...(pushed.get(name) ?? [])].map(([tag, one]) => dice(tag, `${tag}@${one}`))

  const poll = async (source: 'start' | 'poll'): Promise<void> => {
    const { inbox } = process.store
    polled = clock.now()
    await inbox.accept({ kind: 'image-published', repositories: 'all' }, { source })
    await inbox.accept({ kind: 'revision-pushed' }, { source })
    await inbox.accept({ kind: 'proposals-due', repositories: 'all', branches: [] }, { source })
    await inbox.accept({ kind: 'pull-request-changed', numbers: 'all' }, { source })
    await inbox.accept({ kind: 'drift-detected', departures: [] }, { source })
  }
  const publish = async (): Promise<void> => {
    const name = dice(...IMAGES, ...IMAGES, MOVING)
    const known = pushed.get(name) ?? new Map<string, Digest>()
    pushed.set(name, known)
    number += 1
    const tag = name === MOVING ? 'stable' : `1.${known.size}.0`
    const made = digest(1000 + number)
    if (chance(4) && known.size > 1) {
      ground.machine.behave(`${OWNER}/${name}:${tag}@${made}`, 'unhealthy')
      count('bad image')
    }
    known.set(tag, made)
    registry.push({ registry: 'ghcr.io', repository: `acme/${name}` }, tag, made)
    count('image')
    await github.publishPackage({ repository, name, tag, digest: made })
  }
  const commitByHand = async (edit: Edit, branch: string): Promise<void> => {
    number += 1
    const files = [...edit].map(([path, text]) =>
      text === null ? { path, sha: null } : { path, content: text },
    )
    const { commit } = await repository.commit(files, `a person's change ${number}`, branch)
    ledger.note(commit, edit)
  }
  const edit = async (): Promise<void> => {
    const { commit } = await repository.head()
    number += 1
    await commitByHand(
      personsEdit(dice, await ledger.filesAt(commit), number, versionOf),
      repository.branch,
    )
    count('edit')
  }
  const forcePush = async (): Promise<void> => {
    const { git } = repository.record
    await repository.record.exclusively(async () => {
      const { commit: before } = await repository.head()
      let after = before
      for (let back = dice(1, 1, 2, 3); back > 0; back -= 1) {
        after = (await git.readCommit(after)).parents[0] ?? after
      }
      if (after === before) return
      const name = `refs/heads/${repository.branch}`
      await git.updateRef(name, before, after)
      const { state, deliveries, limiter } = github
      const lab = { state, deliveries, limiter }
      await announceMove(lab, repository.record, { name, before, after }, state.person)
      count('force push')
    })
  }
  const judgePull = async (): Promise<void> => {
    const open = repository.record.pulls.filter(({ state }) => state === 'open')
    if (open.length === 0) return await edit()
    const pull = dice(...open)
    await dice(closeByHand, mergeByHand, mergeByHand, commitOnBranch)(pull)
  }
  const closeByHand = async ({ number: id, headSha }: PullRecord): Promise<void> => {
    await repository.closePull(id)
    if ((await ledger.kindOf(headSha)) === 'update') declined.push(id)
    count('closed pull request')
  }
  const mergeByHand = async ({ number: id }: PullRecord): Promise<void> => {
    // GitHub refuses one that conflicts, and a person then leaves it alone.
    const outcome = await repository.mergePull(id).then(
      () => 'merged pull request',
      () => 'conflicting pull request',
    )
    count(outcome)
  }
  const commitOnBranch = async ({ head }: PullRecord): Promise<void> => {
    await commitByHand(new Map([[`notes/${number}.md`, 'by a person\n']]), head)
    count('foreign commit on a branch')
  }
  const act = (): Promise<void> =>
    dice(edit, edit, edit, edit, edit, forcePush, judgePull, judgePull)()

  const kill = async (): Promise<void> => {
    count('kill between two calls')
    await Promise.resolve(process.die())
  }
  const strike = (): void => {
    const when = dice('before', 'after')
    const calls = 1 + dice(...Array(14).keys())
    dice(
      () => process.wire.strike(calls, when, act),
      () => process.wire.strike(calls, when, act),
      () => process.wire.strike(calls, when, kill),
      () => process.dieBehind(dice(1, 2, 3, 4)),
      () => count(planFault(dice, github.faults)),
      () => count(planFault(dice, github.faults)),
      () => registry.fail('all', dice('network', 'rate-limit', 'protocol'), dice(1, 2, 5)),
    )()
  }
  const deliver = async (): Promise<void> => {
    await github.settled()
    await github.deliveries.release(dice('kept', 'kept', 'reversed'))
    const last = github.deliveries.log.at(-1)
    if (last !== undefined && chance(10)) github.deliveries.redeliver(last.id)
    await github.settled()
  }
  const restart = async (): Promise<void> => {
    count('start anew')
    await process.close()
    if (chance(30)) await act()
    // Nobody takes what comes now.
    if (chance(50)) await deliver()
    process = startProcess(ground)
    scene.door.open(process.store.inbox)
    await poll('start')
    process.wake()
  }
  const work = async (until: number): Promise<void> => {
    process.wake()
    await process.work(until)
    while (process.state() === 'dead') {
      await restart()
      await process.work(until)
    }
  }

  return {
    pushed: () => counts['image'] ?? 0,
    async begin() {
      await poll('start')
      await work(clock.now() + DAY / 24)
    },
    async step(length: number) {
      for (let times = dice(1, 2, 3, 4, 5); times > 0; times -= 1) await publish()
      if (chance(60)) await act()
      if (chance(70)) strike()
      await deliver()
      if (clock.now() - polled > DAY) await poll('poll')
      const until = clock.now() + length
      await work(clock.now() + (until - clock.now()) / 2)
      // What people and Magos did meanwhile is told by now.
      await deliver()
      await work(until)
      process.wire.calm()
      if (chance(8)) {
        count('kill between two events')
        process.die()
        await restart()
        await work(until)
      }
    },
    async end(): Promise<Month> {
      github.faults.clear()
      process.wire.calm()
      process.dieBehind(Infinity)
      registry.fail('all', 'network', 0)
      for (let times = 0; times < 2; times += 1) {
        await deliver()
        await poll('poll')
        await work(clock.now() + DAY / 4)
      }
      const close = async (): Promise<void> => {
        await process.close()
        await scene.close()
      }
      return {
        github,
        repository,
        process,
        registry,
        ledger,
        counts,
        pushed,
        declined,
        lines,
        close,
      }
    },
  }
}
