import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { createHolds } from '../../../src/adapters/holds/holds.ts'
import type { Hold } from '../../../src/domain/hold.ts'
import { holdsContract } from '../../contracts/holds.ts'
import { type LogLine, memoryLog } from '../../work/memory-log.ts'
import { createMemoryHolds } from '../../fakes/memory-holds.ts'

const root = mkdtempSync(join(tmpdir(), 'magos-holds-'))
afterAll(() => rmSync(root, { recursive: true }))
let count = 0
const fresh = () => join(root, String((count += 1)), 'holds')

holdsContract('files', () => createHolds({ directory: fresh(), log: memoryLog([]) }))
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
    await createHolds({ directory, log: memoryLog([]) }).hold('shop', hold)
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
    const holds = createHolds({ directory, log: memoryLog([]) })
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
    expect(await createHolds({ directory, log: memoryLog([]) }).all()).toEqual(new Map())
  })

  it.each([
    ['a directory', (path: string) => mkdirSync(path)],
    ['a link to nowhere', (path: string) => symlinkSync('/nowhere', path)],
    ['a link to a file', (path: string) => symlinkSync('/etc/hostname', path)],
    ['a file that is too large', (path: string) => writeFileSync(path, 'x'.repeat(70_000))],
  ])('holds the stack that %s is named after, and no other', async (_what, make) => {
    const directory = fresh()
    const holds = createHolds({ directory, log: memoryLog([]) })
    await holds.hold('blog', hold)
    make(join(directory, 'shop'))
    const told = { kind: 'operator', tracked: null, reason: expect.stringContaining(directory) }
    expect(await holds.held('shop')).toMatchObject(told)
    expect([...(await holds.all()).keys()]).toEqual(['blog', 'shop'])
    expect((await holds.all()).get('shop')).toMatchObject(told)
    expect(await holds.held('other')).toBeNull()
  })

  it('removes no directory that somebody made, and says what to do', async () => {
    const directory = fresh()
    mkdirSync(join(directory, 'shop'), { recursive: true })
    const path = join(directory, 'shop')
    const holds = createHolds({ directory, log: memoryLog([]) })
    await expect(holds.release('shop')).rejects.toMatchObject({
      code: 'storage',
      message: `Remove "${path}": it is a directory, which Magos did not make`,
      remedy: `Look what is in it, then: rm -r ${path}`,
    })
  })

  it('tells once of what names no stack, and goes on with the others', async () => {
    const directory = fresh()
    const lines: LogLine[] = []
    const holds = createHolds({ directory, log: memoryLog(lines) })
    await holds.hold('blog', hold)
    for (const name of ['web.bak', 'Two Words', 'README\n'])
      writeFileSync(join(directory, name), '')
    expect([...(await holds.all()).keys()]).toEqual(['blog'])
    await holds.all()
    expect(lines.map(({ level, message }) => [level, message])).toEqual(
      ['README\n', 'Two Words', 'web.bak'].map((name) => [
        'warn',
        `Hold ${JSON.stringify(join(directory, name))} is left out: it names no stack`,
      ]),
    )
  })
})
