import { chmodSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createChildren } from '../../../src/adapters/store/children.ts'
import { openDatabase } from '../../../src/adapters/store/database.ts'
import { MagosError } from '../../../src/domain/error.ts'
import { startWorker } from './start-worker.ts'
import { openForTest, temporaryDirectory } from './temporary-store.ts'

const PUSHED = { kind: 'revision-pushed' } as const
const WEBHOOK = { source: 'webhook' } as const

const newPath = () => join(temporaryDirectory(), 'data', 'magos.db')
const mode = (path: string) => (statSync(path).mode & 0o777).toString(8)
const caught = (work: () => unknown): unknown => {
  try {
    return work()
  } catch (thrown) {
    return thrown
  }
}

/** A store with two hundred events, closed. */
async function filledPath(): Promise<string> {
  const path = newPath()
  const store = openForTest(path)
  await Promise.all(Array.from({ length: 200 }, () => store.inbox.accept(PUSHED, WEBHOOK)))
  store.close()
  return path
}

describe('openStore()', () => {
  test('lets only its owner at the directory and the files', async () => {
    const path = newPath()
    const { inbox } = openForTest(path)
    await inbox.accept(PUSHED, WEBHOOK)

    expect(mode(join(path, '..'))).toBe('700')
    expect(['', '-wal', '-shm'].map((suffix) => mode(path + suffix))).toEqual(['600', '600', '600'])
  })

  test('takes back what others may do with the file', async () => {
    const path = await filledPath()
    chmodSync(path, 0o666)
    openForTest(path)

    expect(mode(path)).toBe('600')
  })

  test('keeps everything over a restart', async () => {
    const path = newPath()
    const first = openForTest(path, { now: () => 5 })
    const [done, open] = await Promise.all([
      first.inbox.accept(PUSHED, WEBHOOK),
      first.inbox.accept(PUSHED, { source: 'poll' }),
    ])
    first.inbox.settle([done], { ok: 1 }, [])
    first.inbox.postpone([open], 99, 'network')
    first.history.reach('c1', 5)
    first.close()
    const { inbox, history } = openForTest(path)

    expect(inbox.answer(done)).toEqual({ ok: 1 })
    expect(inbox.pending()).toEqual([
      {
        id: open,
        event: PUSHED,
        origin: { source: 'poll' },
        acceptedAt: 5,
        attempts: 1,
        dueAt: 99,
      },
    ])
    expect(history.reached()).toBe('c1')
  })

  test('waits for the disk: WAL, and every commit is synced', () => {
    const path = newPath()
    openForTest(path)
    const other = new DatabaseSync(path)
    onTestFinished(() => other.close())

    expect(other.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' })
  })

  test('close() writes what waits, twice is once, and later events are refused', async () => {
    const path = newPath()
    const store = openForTest(path)
    const accepted = store.inbox.accept(PUSHED, WEBHOOK)
    store.close()
    store.close()
    const id = await accepted

    await expect(store.inbox.accept(PUSHED, WEBHOOK)).rejects.toMatchObject({ code: 'busy' })
    expect(openForTest(path).inbox.pending()).toMatchObject([{ id }])
  })

  test('a use after close() says that the file is closed', () => {
    const store = openForTest(newPath())
    store.close()

    expect(caught(() => store.history.reached())).toMatchObject({
      name: 'MagosError',
      code: 'storage',
      message: expect.stringContaining('it is closed'),
    })
  })

  test.each<[string, (path: string) => void]>([
    ['is something else', (path) => writeFileSync(path, 'not a database\n'.repeat(100))],
    ['is cut in the middle', (path) => truncateSync(path, 4_096 * 2)],
    ['has a broken page', (path) => breakPages(path)],
  ])('says what to do with a file that %s', async (_, harm) => {
    const path = await filledPath()
    harm(path)
    const thrown = caught(() => {
      const { inbox } = openForTest(path)
      return inbox.pending()
    })

    expect(thrown).toBeInstanceOf(MagosError)
    expect(thrown).toMatchObject({
      code: 'storage',
      message: expect.stringContaining(path),
      remedy: expect.stringContaining('delete the file'),
    })
  })

  test.each([
    ['a directory that is a file', 'file/magos.db'],
    ['a file that is a directory', '.'],
  ])('names %s as the trouble', (_, name) => {
    const directory = temporaryDirectory()
    writeFileSync(join(directory, 'file'), '')
    expect(caught(() => openForTest(join(directory, name)))).toMatchObject({
      code: 'storage',
      remedy: expect.stringContaining('MD_DATA_DIR'),
    })
  })

  test('leaves a file from a newer Magos as it is', async () => {
    const path = await filledPath()
    const other = new DatabaseSync(path)
    other.exec('PRAGMA user_version = 99')
    other.close()
    const before = readFileSync(path)

    expect(caught(() => openForTest(path))).toMatchObject({
      code: 'storage',
      message: expect.stringContaining('version 99'),
    })
    expect(readFileSync(path).equals(before)).toBe(true)
  })

  test('can be opened by many processes at the first moment', { timeout: 20_000 }, async () => {
    const path = newPath()
    const workers = Array.from({ length: 4 }, () => startWorker('open', path))
    onTestFinished(async () => {
      await Promise.all(workers.map((worker) => worker.kill()))
    })

    const opened = await Promise.all(workers.map((worker) => worker.line('open')))
    expect(opened).toHaveLength(4)
  })
})

describe('openStore() inbox', () => {
  test('notices soon what another process leaves, and that one finds the answer', async () => {
    const path = newPath()
    const { inbox } = openForTest(path)
    const worker = startWorker('request', path)
    onTestFinished(() => worker.kill())
    await worker.line('open')
    const { promise, resolve } = Promise.withResolvers<number>()
    const begun = performance.now()
    onTestFinished(inbox.watch(() => resolve(performance.now() - begun)))

    // Starting to watch and the request race, and 250 ms count from the later of them; the rest is for a busy machine.
    expect(await promise).toBeLessThan(1_500)
    const [request] = inbox.pending()
    expect(request?.event).toEqual({ kind: 'sync-requested', stack: 'web' })
    inbox.settle([request?.id ?? 0], { revision: 'c1' }, [])
    expect(await worker.line('answer')).toBe('answer {"revision":"c1"}')
  })

  test('pending() knows what another process did, watched or not', async () => {
    const path = newPath()
    const [one, other] = [openForTest(path), openForTest(path)]
    const id = await one.inbox.accept(PUSHED, WEBHOOK)
    expect(other.inbox.pending()).toMatchObject([{ id }])
    const second = await other.inbox.accept(PUSHED, WEBHOOK)
    expect(one.inbox.pending().map((row) => row.id)).toEqual([id, second])
    one.inbox.settle([id], 'done', [])
    other.inbox.postpone([second], 7, 'network')

    expect(other.inbox.answer(id)).toBe('done')
    expect(one.inbox.pending()).toMatchObject([{ id: second, attempts: 1, dueAt: 7 }])
    expect(other.inbox.pending()).toMatchObject([{ id: second, attempts: 1, dueAt: 7 }])
  })

  test('watch() does not tell of what only looks changed: our own writes', async () => {
    const { inbox } = openForTest(newPath(), { watchInterval: 10 })
    let told = 0
    const end = inbox.watch(() => {
      told += 1
    })
    await inbox.accept(PUSHED, WEBHOOK)
    await new Promise((resolve) => void setTimeout(resolve, 60))
    end()

    expect(told).toBe(1)
  })

  test('a thousand at one time are one wait for the disk', async () => {
    const path = newPath()
    const { inbox } = openForTest(path)
    const other = new DatabaseSync(path)
    onTestFinished(() => other.close())
    const version = other.prepare('PRAGMA data_version')
    const before = Number(version.get()?.['data_version'])
    await Promise.all(Array.from({ length: 1_000 }, () => inbox.accept(PUSHED, WEBHOOK)))

    expect(Number(version.get()?.['data_version'])).toBe(before + 1)
    expect(inbox.pending()).toHaveLength(1_000)
  })

  test('an event that cannot be written harms no other of its group', async () => {
    const { inbox } = openForTest(newPath())
    const circular: Record<string, unknown> = { source: 'webhook' }
    circular['delivery'] = circular
    const results = await Promise.allSettled([
      inbox.accept(PUSHED, WEBHOOK),
      inbox.accept(PUSHED, Object.assign({ source: 'webhook' } as const, circular)),
      inbox.accept(PUSHED, WEBHOOK),
    ])

    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(inbox.pending()).toHaveLength(2)
  })

  test('refuses with busy when too many are unsettled', async () => {
    const { inbox } = openForTest(newPath(), { pendingLimit: 3 })
    const ids = await Promise.all([1, 2, 3].map(() => inbox.accept(PUSHED, WEBHOOK)))
    await expect(inbox.accept(PUSHED, WEBHOOK)).rejects.toMatchObject({ code: 'busy' })
    inbox.settle(ids.slice(0, 1), null, [])

    await expect(inbox.accept(PUSHED, WEBHOOK)).resolves.toBeTypeOf('number')
  })

  test('a row that cannot be read stops nothing and stays', async () => {
    const path = await filledPath()
    const other = new DatabaseSync(path)
    const harm = other.prepare('UPDATE inbox SET event = ? WHERE id = ?')
    const strange = ['{', 'null', '{"kind":"from-the-future"}', '{"kind":"image-published"}']
    for (const [index, text] of strange.entries()) harm.run(text, index + 1)
    other.prepare('UPDATE inbox SET origin = ? WHERE id = 5').run('{"source":"mars"}')
    other.close()
    const { inbox } = openForTest(path)

    expect(inbox.pending().map(({ id }) => id)).toEqual(
      Array.from({ length: 195 }, (_, index) => index + 6),
    )
  })

  test('keeps the newest ten thousand answers, each group with its answer', async () => {
    const path = newPath()
    const { inbox } = openForTest(path, { queueLimit: 20_000 })
    const open = await inbox.accept(PUSHED, WEBHOOK)
    const ids = await Promise.all(
      Array.from({ length: 12_000 }, () => inbox.accept(PUSHED, WEBHOOK)),
    )
    inbox.settle(ids, { group: 'answer' }, [])
    const last = await inbox.accept(PUSHED, WEBHOOK)
    inbox.settle([last], 'last', [])

    expect(inbox.answer(last)).toBe('last')
    expect(inbox.answer(ids[11_999] ?? 0)).toEqual({ group: 'answer' })
    expect(inbox.answer(ids[2_100] ?? 0)).toEqual({ group: 'answer' })
    expect(inbox.answer(ids[1_900] ?? 0)).toBeUndefined()
    expect(inbox.pending()).toMatchObject([{ id: open }])
    const other = new DatabaseSync(path)
    onTestFinished(() => other.close())
    expect(other.prepare('SELECT count(answer) AS texts FROM inbox').get()).toEqual({ texts: 2 })
  })
})

describe('openStore() history', () => {
  test('keeps the newest deployments and commits, and an open deployment for ever', () => {
    const { history } = openForTest(newPath(), { keep: 5 })
    const start = { stack: 's', commit: 'c', inputs: 'i', at: 1 }
    const open = history.begin({ ...start, stack: 'open' })
    const failure = {
      ...start,
      reason: 'r',
      retry: 'when-changed',
      words: '',
      restored: 'none',
      restoring: '',
    } as const
    for (let count = 0; count < 20; count += 1) {
      history.fail(history.begin(start), failure)
      history.committed(`c${count}`, count)
    }

    const kept = history.deployments(100)
    expect(kept).toHaveLength(6)
    expect(kept.at(-1)).toMatchObject({ id: open, outcome: null })
    expect(['c14', 'c15', 'c19'].map((commit) => history.isOurs(commit))).toEqual([
      false,
      true,
      true,
    ])
  })
})

describe('openStore() children', () => {
  test('remembers who was started and did not end, over a restart', () => {
    const path = newPath()
    const store = openForTest(path)
    const { children } = store
    children.started(10, 111, 'podman')
    children.started(11, 222, 'git')
    children.ended(11)
    children.started(10, 333, 'docker')
    store.close()
    const next = openForTest(path).children
    expect(next.leftovers()).toEqual([{ pid: 10, startTime: 333, command: 'docker' }])
    next.ended(10)

    expect(next.leftovers()).toEqual([])
  })

  test('forgets who was started before the machine booted', () => {
    const database = openDatabase(newPath())
    createChildren(database, 'one').started(10, 111, 'podman')
    expect(createChildren(database, 'one').leftovers()).toHaveLength(1)
    expect(createChildren(database, 'another').leftovers()).toEqual([])
    database.close()
  })
})

/** Overwrites everything behind the first page. */
function breakPages(path: string): void {
  const bytes = readFileSync(path)
  bytes.fill(0xa5, 4_096)
  writeFileSync(path, bytes)
}
