import { appendFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MagosError } from '../../src/domain/error.ts'
import type { Digest } from '../../src/domain/image-reference.ts'
import type { Inbox, Log } from '../../src/ports.ts'
import { listen } from '../../src/server/listen.ts'
import type { Dice } from '../domain/compose/compose-maker.ts'
import { createMemoryHost } from '../fakes/memory-engine.ts'
import { createMemoryRegistry, type MemoryRegistry } from '../fakes/memory-registry.ts'
import { createMemoryStackFiles } from '../fakes/memory-stack-files.ts'
import type { DeliveryFault } from '../lab/github/deliveries.ts'
import { startGitHub } from '../lab/github/lab.ts'
import type { LabRepository } from '../lab/github/lab.ts'
import { memoryLog, type LogLine } from '../work/memory-log.ts'
import { createMonthClock } from './clock.ts'
import { firstDigest, firstFiles, IMAGES, MOVING } from './homelab-files.ts'
import { createLedger } from './ledger.ts'
import type { Ground } from './process.ts'

const START = Date.UTC(2026, 2, 1, 6)
/** More than any month has. */
const DELIVERIES = 50_000

/** GitHub, a repository, registries and a host, and a door for deliveries to whichever process lives. */
export async function openScene(dice: Dice) {
  const clock = createMonthClock(START)
  const directory = await mkdtemp(join(tmpdir(), 'magos-month-'))
  const data = join(directory, 'data')
  await mkdir(data)
  const github = await startGitHub({ now: () => clock.now(), signedBy: Date.now })
  const lines: LogLine[] = []
  const log = memoryLog(lines)
  const repository = await github.createRepository()
  // Every place where a branch ever was is examined in the end.
  await appendFile(join(repository.gitDir, 'config'), '[core]\n\tlogAllRefUpdates = always\n')
  const ledger = createLedger(repository)
  const door = await openDoor(repository, log)
  const app = await github.createApp({ hook: { url: door.url, secret: door.secret } })
  github.install(app, [repository])
  await github.settled()
  github.deliveries.plan(...fates(dice))
  const listed = [...firstFiles()].map(([path, content]) => ({ path, content }))
  ledger.note((await repository.commit(listed, 'first')).commit, firstFiles())
  const registry = createMemoryRegistry()
  const pushed = firstImages(registry)
  const ground: Ground = {
    clock,
    github,
    repository,
    app,
    registry,
    log,
    directory: data,
    machine: createMemoryHost(clock.inside, { check: 0 }),
    files: createMemoryStackFiles(),
    random: () => dice(...Array(1000).keys()) / 1000,
  }
  const close = async (): Promise<void> => {
    await door.close()
    await github.close()
    await rm(directory, { recursive: true, force: true })
  }
  return { ground, ledger, pushed, registry, lines, door, close }
}

/** Every delivery waits for the script; one of twelve is lost. */
function fates(dice: Dice): readonly DeliveryFault[] {
  const others = Array.from({ length: 11 }, () => 'hold' as const)
  return Array.from({ length: DELIVERIES }, () => ({ do: dice('drop', ...others) }))
}

/** What every image was before the month, by image and tag. */
function firstImages(registry: MemoryRegistry): Map<string, Map<string, Digest>> {
  const images = [...IMAGES.map((name) => [name, '1.0.0'] as const), [MOVING, 'stable'] as const]
  const one = firstDigest()
  for (const [name, tag] of images) {
    registry.push({ registry: 'ghcr.io', repository: `acme/${name}` }, tag, one)
  }
  return new Map(images.map(([name, tag]) => [name, new Map([[tag, one]])]))
}

/** The real edge, in front of one inbox after the other. */
async function openDoor({ owner, name, branch }: LabRepository, log: Log) {
  const secret = 'known to both sides'
  let inbox: Inbox | null = null
  const server = await listen({
    host: '127.0.0.1',
    port: 0,
    context: {
      secrets: [secret],
      repository: `${owner}/${name}`,
      branch: () => branch,
      inbox: {
        accept(event, origin) {
          if (inbox !== null) return inbox.accept(event, origin)
          throw new MagosError('busy', 'Accept an event: nobody is there')
        },
      },
      log,
      health: () => ({ status: 'ok' }),
    },
  })
  return {
    url: `http://127.0.0.1:${server.port}/webhooks/github`,
    secret,
    open(next: Inbox) {
      inbox = next
    },
    close: () => server.close(),
  }
}
