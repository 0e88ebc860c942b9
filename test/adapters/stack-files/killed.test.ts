import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MagosError } from '../../../src/domain/error.ts'
import type { LayReport } from '../../../src/ports.ts'
import { laid } from '../../contracts/stack-files.ts'
import { createLaboratory, filesBelow, type Laboratory, writeInto } from './laboratory.ts'

type Files = Record<string, string>

class Killed extends Error {}

const signal = (): AbortSignal => AbortSignal.timeout(20_000)

const from = (path: string): string => JSON.stringify(join(import.meta.dirname, path))

/** Lays, but is dead from the n-th step on: nothing of it runs any more, tidying up included. */
async function layUntil(lab: Laboratory, files: Files, at: number): Promise<LayReport | 'killed'> {
  let steps = 0
  const dying = lab.start({
    onStep() {
      if ((steps += 1) >= at) throw new Killed()
    },
  })
  try {
    return await dying.lay('web', laid(files), signal())
  } catch (thrown) {
    const isKilled =
      thrown instanceof Killed || (thrown instanceof Error && thrown.cause instanceof Killed)
    if (isKilled) return 'killed'
    throw thrown
  }
}

describe('createStackFiles() killed', { timeout: 60_000 }, () => {
  const first = { a: '1', b: '1', 'd/x': '1', 'd/y': '1', f: 'file', same: 's' }
  const second = { a: '2', 'd/x': '2', f: '2', 'f2/z': 'new', b: '1', same: 's', new: 'n' }
  const third = { 'a/b': '3', d: 'file now', 'f/g': '3', same: 's' }

  it.each([
    ['finishes', second, second],
    ['undoes', second, first],
    ['goes on to a third state after', third, second],
  ])('at any step: the next call %s it', async (_title, interrupted, next) => {
    let outcome: unknown = 'killed'
    let at = 0
    while (outcome === 'killed') {
      at += 1
      const lab = await createLaboratory()
      try {
        const files = lab.start()
        const home = files.home('web')
        await files.lay('web', laid(first), signal())
        await writeInto(home, '.env', 'SECRET')
        await writeInto(home, 'data/db', 'rows')
        await writeInto(home, 'f2/mine', 'mine')
        outcome = await layUntil(lab, interrupted, at)
        await lab.start().lay('web', laid(next), signal())
        expect(await filesBelow(home), `step ${at}`).toEqual({
          ...next,
          '.env': 'SECRET',
          'data/db': 'rows',
          'f2/mine': 'mine',
        })
        expect(await lab.start().lay('web', laid(next), signal())).toEqual({
          written: [],
          removed: [],
          kept: [],
        })
      } finally {
        await lab.dispose()
      }
    }
    expect(at).toBeGreaterThan(15)
  })

  it('at any step keeps changed bytes once, and reports them in the end', async () => {
    const next = { a: '2', b: '2', 'c/d': '2' }
    let outcome: LayReport | 'killed' = 'killed'
    for (let at = 1; outcome === 'killed'; at += 1) {
      const lab = await createLaboratory()
      try {
        const home = lab.start().home('web')
        await lab.start().lay('web', laid({ a: '1', b: '1', c: '1' }), signal())
        await writeInto(home, 'a', 'mine a')
        await writeInto(home, 'c', 'mine c')
        outcome = await layUntil(lab, next, at)
        const report =
          outcome === 'killed' ? await lab.start().lay('web', laid(next), signal()) : outcome
        expect(await filesBelow(home), `step ${at}`).toEqual({
          ...next,
          'a.before-magos-1': 'mine a',
          'c.before-magos-1': 'mine c',
        })
        const kept = report.kept.map((one) => one.path).toSorted()
        expect(kept, `step ${at}`).toEqual(['a', 'c'])
      } finally {
        await lab.dispose()
      }
    }
  })

  it('in its own process, leaves nothing behind that the next call does not take away', async () => {
    const lab = await createLaboratory()
    try {
      const script = `
        import { createStackFiles } from ${from('../../../src/adapters/stack-files/stack-files.ts')}
        import { createRunChild } from ${from('../../../src/host/process.ts')}
        const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log }
        const files = createStackFiles({
          root: process.argv[1], directories: {}, log, run: createRunChild({ environment: process.env }),
          onStep: (step) => { if (step === 'rename') process.kill(process.pid, 'SIGKILL') },
        })
        const content = Buffer.from('new')
        await files.lay('web', [{ path: 'd/a', mode: '100644', oid: '', content }], AbortSignal.timeout(9000))
      `
      const args = ['--input-type=module', '-e', script, join(lab.root, 'stacks')]
      const child = await execa(process.execPath, args, { reject: false })
      expect(child.signal).toBe('SIGKILL')
      const home = lab.start().home('web')
      expect(await readdir(join(home, 'd'))).toEqual([expect.stringMatching(/^\.magos-.*\.tmp$/u)])
      await lab.start().lay('web', laid({ b: '1' }), signal())
      expect(await filesBelow(home)).toEqual({ b: '1' })
      expect(await readdir(home)).toEqual(['b'])
    } finally {
      await lab.dispose()
    }
  })
})

// ---------------------------------------------------------------- any story

type Move =
  | { readonly kind: 'lay'; readonly files: Files; readonly kill: number }
  | { readonly kind: 'edit'; readonly path: string }
  | { readonly kind: 'delete'; readonly path: string }

const tracked = ['a', 'b', 'a/x', 'b/y', 'b/y/z', 'c/d', 'c/e', 'c']
const untracked = ['.env', 'data/db', 'c/mine', 'a/mine', 'b/y/mine']

const filesArbitrary = fc
  .dictionary(fc.constantFrom(...tracked), fc.constantFrom('1', '2', '3'), { maxKeys: 5 })
  .map((files) => {
    const paths = Object.keys(files)
    const isBelow = (path: string): boolean => paths.some((other) => path.startsWith(`${other}/`))
    return Object.fromEntries(Object.entries(files).filter(([path]) => !isBelow(path)))
  })

const movesArbitrary: fc.Arbitrary<Move[]> = fc.array(
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('lay' as const),
        files: filesArbitrary,
        kill: fc.oneof(fc.constant(Infinity), fc.integer({ min: 1, max: 25 })),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('edit' as const),
        path: fc.constantFrom(...tracked, ...untracked),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('delete' as const),
        path: fc.constantFrom(...tracked),
      }),
    },
  ),
  { minLength: 2, maxLength: 10 },
)

describe('createStackFiles() in any story', () => {
  it(
    'loses no byte that a person wrote, and lays what git holds',
    { timeout: 240_000 },
    async () => {
      const story = fc.asyncProperty(movesArbitrary, async (moves) => {
        const lab = await createLaboratory()
        try {
          expect(await tell(lab, moves)).toEqual({ lost: [], missing: [] })
        } finally {
          await lab.dispose()
        }
      })
      const seed = process.env['MAGOS_SEED']
      await fc.assert(story, {
        numRuns: process.env['MAGOS_LONG'] === '1' ? 1000 : 60,
        ...(seed === undefined ? {} : { seed: Number(seed) }),
      })
    },
  )
})

interface Ending {
  /** What a person wrote and nobody finds any more. */
  readonly lost: readonly string[]
  /** What git holds and does not lie there. */
  readonly missing: readonly string[]
}

async function tell(lab: Laboratory, moves: readonly Move[]): Promise<Ending> {
  const home = lab.start().home('web')
  /** What people wrote and did not themselves overwrite or delete; every text is written once. */
  const theirs = new Map<string, string>()
  let count = 0
  for (const move of moves) {
    if (move.kind === 'lay') {
      await layOrBeHeld(lab, move.files, move.kill)
    } else {
      const old = await readFile(join(home, move.path), 'utf8').catch(() => null)
      if (move.kind === 'delete') {
        await rm(join(home, move.path)).catch(() => undefined)
      } else {
        const text = `person ${(count += 1)}`
        const isWritten = await writeInto(home, move.path, text).then(
          () => true,
          () => false,
        )
        if (isWritten) theirs.set(text, move.path)
        else continue
      }
      if (old !== null) theirs.delete(old)
    }
    const texts = new Set(Object.values(await filesBelow(home)))
    const lost = [...theirs.keys()].filter((text) => !texts.has(text))
    if (lost.length > 0) return { lost, missing: [] }
  }
  return { lost: [], missing: await missingAfterLay(lab, home) }
}

async function layOrBeHeld(lab: Laboratory, files: Files, kill: number): Promise<'laid' | 'held'> {
  try {
    await layUntil(lab, files, kill)
    return 'laid'
  } catch (thrown) {
    if (thrown instanceof MagosError && /held/u.test(thrown.message)) return 'held'
    throw thrown
  }
}

async function missingAfterLay(lab: Laboratory, home: string): Promise<readonly string[]> {
  const last = { a: 'end', 'c/d': 'end' }
  if ((await layOrBeHeld(lab, last, Infinity)) === 'held') return []
  const after = await filesBelow(home)
  const leavings = Object.keys(after).filter((path) => path.includes('.tmp'))
  return [...Object.keys(last).filter((path) => after[path] !== 'end'), ...leavings]
}
