import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { createLastGood } from '../../../src/adapters/last-good/last-good.ts'
import { lastGoodContract, lastGoodState } from '../../contracts/last-good.ts'
import { createMemoryLastGood } from '../../fakes/memory-last-good.ts'
import { memoryLog } from '../../work/memory-log.ts'

const root = mkdtempSync(join(tmpdir(), 'magos-last-good-'))
afterAll(() => rmSync(root, { recursive: true }))
let count = 0
const fresh = () => join(root, String((count += 1)), 'last-good')
const log = memoryLog([])

lastGoodContract('files', () => createLastGood({ directory: fresh(), log }))
lastGoodContract('memory', () => createMemoryLastGood())

const first = lastGoodState()
const bytes = (text: string) => new Uint8Array(Buffer.from(text))
const second = lastGoodState({
  inputs: 'i2',
  at: 2_000,
  files: [{ path: 'shop/compose.yaml', mode: '100644', oid: 'f', content: bytes('new\n') }],
  untracked: [],
})

describe('createLastGood()', () => {
  it('keeps everything for its owner alone, equal bytes once', async () => {
    const directory = fresh()
    await createLastGood({ directory, log }).keep(first)
    const place = join(directory, 'shop')
    const files = readdirSync(place)
    expect(statSync(place).mode & 0o777).toBe(0o700)
    expect(files).toHaveLength(6)
    for (const file of files) expect(statSync(join(place, file)).mode & 0o777).toBe(0o600)
  })

  it('takes a file that a person hid there for no stack', async () => {
    const directory = fresh()
    const kept = createLastGood({ directory, log })
    await kept.keep(first)
    writeFileSync(join(directory, '.directory'), '')
    expect(await kept.stacks()).toEqual(['shop'])
  })

  it('says so where somebody writes there while it forgets', async () => {
    const directory = fresh()
    let steps = 0
    const onStep = (step: string) => {
      if (step === 'remove') writeFileSync(join(directory, 'shop', `new-${(steps += 1)}`), '')
    }
    await createLastGood({ directory, log }).keep(first)
    await expect(createLastGood({ directory, log, onStep }).forget('shop')).rejects.toMatchObject({
      code: 'storage',
      message: expect.stringContaining(`Remove "${join(directory, 'shop')}"`),
    })
    const kept = createLastGood({ directory, log })
    await kept.forget('shop')
    expect(await kept.stacks()).toEqual([])
  })

  it('leaves nothing of a state behind that went', async () => {
    const directory = fresh()
    const kept = createLastGood({ directory, log })
    await kept.keep(first)
    await kept.keep(second)
    await kept.settle('shop', 'i2')
    expect(readdirSync(join(directory, 'shop'))).toHaveLength(2)
  })

  it.each([
    ['a byte is another', (file: string) => writeFileSync(file, 'other')],
    ['a file is gone', (file: string) => rmSync(file)],
  ])('says so, and has none, where %s', async (_title, damage) => {
    const directory = fresh()
    const kept = createLastGood({ directory, log })
    await kept.keep(second)
    const file = readdirSync(join(directory, 'shop')).find((one) => !one.endsWith('.json')) ?? ''
    damage(join(directory, 'shop', file))
    expect(await kept.recall('shop', 'i2')).toBeNull()
  })

  it.each(['', '{', '[]', '{"version": 2}', '{"version": 1}'])(
    'takes a manifest for none that is none: %s',
    async (text) => {
      const directory = fresh()
      const kept = createLastGood({ directory, log })
      await kept.keep(first)
      writeFileSync(join(directory, 'shop', 'i1.json'), text)
      expect(await kept.recall('shop', 'i1')).toBeNull()
      expect(await kept.recall('shop', null)).toBeNull()
    },
  )

  it.each([null, { files: {} }, { files: { a: 'some' }, mounts: [] }, { files: {}, mounts: [1] }])(
    'takes a manifest for none that does not know what is encrypted: %j',
    async (sealed) => {
      const directory = fresh()
      const kept = createLastGood({ directory, log })
      await kept.keep(first)
      const path = join(directory, 'shop', 'i1.json')
      writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), sealed }))
      expect(await kept.recall('shop', 'i1')).toBeNull()
    },
  )

  it('has a whole state whenever it is killed', async () => {
    const directory = fresh()
    await createLastGood({ directory, log }).keep(first)
    let steps = 0
    for (let at = 1; ; at += 1) {
      let step = 0
      const onStep = () => {
        step += 1
        if (step === at) throw new Error('killed')
      }
      const dying = createLastGood({ directory, log, onStep })
      const next = async () => {
        await dying.keep(second)
        await dying.settle('shop', 'i2')
      }
      const died = await next().then(
        () => 'lived',
        () => 'died',
      )
      const after = createLastGood({ directory, log })
      const [old, newer] = [await after.recall('shop', 'i1'), await after.recall('shop', 'i2')]
      expect([first, null]).toContainEqual(old)
      expect([second, null]).toContainEqual(newer)
      expect(old ?? newer).not.toBeNull()
      steps = at
      if (died === 'lived') break
      await after.keep(first)
    }
    expect(steps).toBeGreaterThan(8)
    expect(await createLastGood({ directory, log }).recall('shop', 'i1')).toBeNull()
  })
})
