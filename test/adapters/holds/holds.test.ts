import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { createHolds } from '../../../src/adapters/holds/holds.ts'
import type { Hold } from '../../../src/domain/hold.ts'
import { holdsContract } from '../../contracts/holds.ts'
import { createMemoryHolds } from '../../fakes/memory-holds.ts'

const root = mkdtempSync(join(tmpdir(), 'magos-holds-'))
afterAll(() => rmSync(root, { recursive: true }))
let count = 0
const fresh = () => join(root, String((count += 1)), 'holds')

holdsContract('files', () => createHolds({ directory: fresh() }))
holdsContract('memory', () => createMemoryHolds())

const hold: Hold = {
  kind: 'operator',
  by: 'ada',
  reason: 'two\nlines: and a colon',
  at: Date.UTC(2026, 0, 2),
  tracked: null,
}

describe('createHolds()', () => {
  it('writes one file that people can read, for its owner alone', async () => {
    const directory = fresh()
    await createHolds({ directory }).hold('shop', hold)
    expect(readFileSync(join(directory, 'shop'), 'utf8')).toBe(
      'kind: operator\nby: ada\nat: 2026-01-02T00:00:00.000Z\nreason: two lines: and a colon\n',
    )
    expect(statSync(join(directory, 'shop')).mode & 0o777).toBe(0o600)
    expect(statSync(directory).mode & 0o777).toBe(0o700)
  })

  it.each([
    ['', ''],
    ['do not touch\n', 'do not touch'],
    ['kind: nonsense\nreason: mine\n', 'mine'],
    ['kind: operator\ntracked: abc\nreason: mine\n', 'mine'],
  ])('takes a file made by hand for an operator’s hold: %j', async (text, reason) => {
    const directory = fresh()
    mkdirSync(directory, { recursive: true })
    writeFileSync(join(directory, 'shop'), text)
    const holds = createHolds({ directory })
    const told = { kind: 'operator', reason, tracked: null }
    expect(await holds.held('shop')).toMatchObject(told)
    expect((await holds.all()).get('shop')).toMatchObject(told)
    await holds.release('shop')
    expect(await holds.held('shop')).toBeNull()
  })

  it('takes no unfinished file for a hold', async () => {
    const directory = fresh()
    mkdirSync(directory, { recursive: true })
    writeFileSync(join(directory, '.magos-1.tmp'), 'kind: operator\n')
    expect(await createHolds({ directory }).all()).toEqual(new Map())
  })
})
