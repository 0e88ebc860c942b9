import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { FileMode } from '../../src/domain/revision.ts'
import type { LaidFile, LayReport, StackFiles } from '../../src/ports.ts'

export interface StackFilesFixture {
  readonly files: StackFiles
  /** A person writes into the stable directory, making directories as needed. */
  write(stack: string, path: string, content: string): Promise<void>
  /** A directory that a person made; its absolute path. */
  make(): Promise<string>
  /** A person removes a file. */
  remove(stack: string, path: string): Promise<void>
  /** Every file there, by path, with its text. */
  list(stack: string): Promise<Record<string, string>>
  dispose(): Promise<void>
}

/** Files of a revision, for `lay`. */
export function laid(
  files: Readonly<Record<string, string | { readonly mode: FileMode; readonly content: string }>>,
): readonly LaidFile[] {
  return Object.entries(files).map(([path, file]) => {
    const { mode, content } =
      typeof file === 'string' ? { mode: '100644' as const, content: file } : file
    return { path, mode, oid: '0'.repeat(40), content: Buffer.from(content) }
  })
}

/** What every `StackFiles` must do: lay what git holds, and lose nothing that git never held. */
export function stackFilesContract(name: string, make: () => Promise<StackFilesFixture>): void {
  describe(`StackFiles contract: ${name}`, () => {
    let at: StackFilesFixture
    beforeEach(async () => {
      at = await make()
    })
    afterEach(async () => {
      await at.dispose()
    })
    const lay = (files: Parameters<typeof laid>[0], stack = 'web'): Promise<LayReport> =>
      at.files.lay(stack, laid(files), signal())

    it('lay() writes all files and names them; again, it does nothing', async () => {
      const files = { 'compose.yaml': 'a\n', 'conf/deep/x.conf': 'b' }
      const report = await lay(files)
      expect(sorted(report)).toEqual({
        written: ['compose.yaml', 'conf/deep/x.conf'],
        removed: [],
        kept: [],
      })
      expect(await at.list('web')).toEqual(files)
      expect(await lay(files)).toEqual({ written: [], removed: [], kept: [] })
    })

    it('lay() writes only what changed and removes what git dropped', async () => {
      await lay({ a: '1', b: '1', 'c/d': '1' })
      expect(await lay({ a: '1', b: '2' })).toEqual({ written: ['b'], removed: ['c/d'], kept: [] })
      expect(await at.list('web')).toEqual({ a: '1', b: '2' })
    })

    it('owns() knows the directories of this host, whoever has them now', async () => {
      const path = await at.make()
      const own = at.files.home('web')
      expect([at.files.owns('web', own), at.files.owns('db', own)]).toEqual([true, false])
      expect(at.files.owns('web', path)).toBe(false)
      await at.files.adopt('db', { directory: path, purpose: 'look' }, signal())
      expect(at.files.owns('web', path)).toBe(false)
      await at.files.adopt('db', { directory: path, purpose: 'keep' }, signal())
      expect([at.files.owns('web', path), at.files.owns('db', path)]).toEqual([true, true])
      expect([at.files.owns('../x', own), at.files.owns('', '')]).toEqual([false, false])
    })

    it('home() refuses a directory that another stack has by now, and owns() knows it', async () => {
      await lay({ a: '1' })
      const directory = at.files.home('web')
      const adopting = { directory, purpose: 'keep' } as const
      expect(await at.files.adopt('db', adopting, signal())).toMatchObject({ outcome: 'adopted' })
      expect(() => at.files.home('web')).toThrow(
        `Use "${directory}" for stack "web": it is the directory of stack "db"`,
      )
      expect(at.files.home('db')).toBe(directory)
      expect(at.files.owns('web', directory)).toBe(true)
    })

    it('adopt() makes a directory the stack’s own, and to look it leaves all as it is', async () => {
      const directory = await at.make()
      const before = at.files.home('web')
      const looked = await at.files.adopt('web', { directory, purpose: 'look' }, signal())
      expect(looked.outcome === 'adopted' ? looked.files.home('web') : looked).toBe(directory)
      expect(at.files.home('web')).toBe(before)
      const kept = await at.files.adopt('web', { directory, purpose: 'keep' }, signal())
      expect(kept.outcome).toBe('adopted')
      expect(at.files.home('web')).toBe(directory)
      await at.write('web', 'data/rows', 'precious')
      await lay({ 'compose.yaml': 'a\n' })
      expect(await at.list('web')).toEqual({ 'compose.yaml': 'a\n', 'data/rows': 'precious' })
    })

    it('adopt() refuses a directory that is not there', async () => {
      const adopting = { directory: '/no/such/directory', purpose: 'keep' } as const
      expect(await at.files.adopt('web', adopting, signal())).toEqual({
        outcome: 'refused',
        reason: '"/no/such/directory" is not there any more',
      })
      expect(at.files.home('web')).not.toContain('/no/such')
    })

    it('lay() never touches what git never held', async () => {
      await at.write('web', '.env', 'SECRET=1')
      await at.write('web', 'data/db', 'rows')
      for (const version of ['1', '2', '3']) {
        await lay({ 'compose.yaml': version, ...(version === '2' ? { 'data/seed': 's' } : {}) })
      }
      expect(await at.list('web')).toEqual({
        '.env': 'SECRET=1',
        'compose.yaml': '3',
        'data/db': 'rows',
      })
    })

    it('lay() keeps an untracked file beside when git brings one of its name', async () => {
      await at.write('web', 'conf/a', 'mine')
      const report = await lay({ 'conf/a': 'git' })
      expect(report).toEqual({
        written: ['conf/a'],
        removed: [],
        kept: [{ path: 'conf/a', savedAs: 'conf/a.before-magos-1' }],
      })
      expect(await at.list('web')).toEqual({ 'conf/a': 'git', 'conf/a.before-magos-1': 'mine' })
    })

    it('lay() takes a file that is already as in git without a word', async () => {
      await at.write('web', 'a', 'same')
      expect(await lay({ a: 'same' })).toEqual({ written: [], removed: [], kept: [] })
      expect(await lay({})).toEqual({ written: [], removed: ['a'], kept: [] })
    })

    it('lay() lets git win over a file that changed on both sides, and keeps its bytes', async () => {
      await lay({ a: '1' })
      await at.write('web', 'a', 'mine')
      expect((await lay({ a: '2' })).kept).toEqual([{ path: 'a', savedAs: 'a.before-magos-1' }])
      await at.write('web', 'a', 'mine again')
      expect((await lay({ a: '3' })).kept).toEqual([{ path: 'a', savedAs: 'a.before-magos-2' }])
      expect(await at.list('web')).toEqual({
        a: '3',
        'a.before-magos-1': 'mine',
        'a.before-magos-2': 'mine again',
      })
    })

    it('lay() leaves a file that changed on disk alone', async () => {
      await lay({ a: '1', b: '1' })
      await at.write('web', 'a', 'mine')
      expect(await lay({ a: '1', b: '2' })).toEqual({ written: ['b'], removed: [], kept: [] })
      expect(await at.list('web')).toEqual({ a: 'mine', b: '2' })
    })

    it('lay() writes again what was deleted on disk', async () => {
      await lay({ a: '1' })
      await at.remove('web', 'a')
      expect((await lay({ a: '1' })).written).toEqual(['a'])
      expect(await at.list('web')).toEqual({ a: '1' })
    })

    it('lay() leaves a changed file that git dropped, and names it', async () => {
      await lay({ a: '1', b: '1' })
      await at.write('web', 'a', 'mine')
      expect(await lay({ b: '1' })).toEqual({
        written: [],
        removed: [],
        kept: [{ path: 'a', savedAs: 'a' }],
      })
      expect(await lay({ b: '1' })).toEqual({ written: [], removed: [], kept: [] })
      expect(await at.list('web')).toEqual({ a: 'mine', b: '1' })
    })

    it('lay() turns a file into a directory and back', async () => {
      await lay({ conf: 'file' })
      await lay({ 'conf/a': '1', 'conf/b/c': '2' })
      expect(await at.list('web')).toEqual({ 'conf/a': '1', 'conf/b/c': '2' })
      await lay({ conf: 'file again' })
      expect(await at.list('web')).toEqual({ conf: 'file again' })
    })

    it('lay() is held by untracked files in a directory that git turns into a file', async () => {
      await lay({ 'conf/a': '1', b: '1' })
      await at.write('web', 'conf/mine', 'mine')
      await expect(lay({ conf: 'file', b: '2' })).rejects.toMatchObject({
        name: 'MagosError',
        code: 'stack',
        message: expect.stringContaining('conf/mine'),
        remedy: expect.stringContaining('conf/mine'),
      })
      expect(await at.list('web')).toEqual({ 'conf/a': '1', 'conf/mine': 'mine', b: '1' })
    })

    it('lay() keeps an untracked file beside when git needs a directory in its place', async () => {
      await at.write('web', 'conf', 'mine')
      const report = await lay({ 'conf/a': '1' })
      expect(report.kept).toEqual([{ path: 'conf', savedAs: 'conf.before-magos-1' }])
      expect(await at.list('web')).toEqual({ 'conf/a': '1', 'conf.before-magos-1': 'mine' })
    })

    it('lay() keeps stacks apart', async () => {
      await lay({ a: 'web' }, 'web')
      await lay({ a: 'db' }, 'db')
      await lay({}, 'web')
      expect([await at.list('web'), await at.list('db')]).toEqual([{}, { a: 'db' }])
      expect(at.files.home('web')).not.toBe(at.files.home('db'))
    })

    it.each<[string, Parameters<typeof laid>[0]]>([
      ['a way out', { '../x': '1' }],
      ['an absolute path', { '/etc/x': '1' }],
      ["git's own directory", { '.git/hooks/post-checkout': '1' }],
      ['a file below a file', { a: '1', 'a/b': '1' }],
      ['a submodule', { sub: { mode: '160000', content: '' } }],
      ['a symlink out', { link: { mode: '120000', content: '../../etc/passwd' } }],
      ['an absolute symlink', { link: { mode: '120000', content: '/etc/passwd' } }],
      [
        'a symlink out over another',
        {
          'a/up': { mode: '120000', content: '..' },
          link: { mode: '120000', content: 'a/up/../x' },
        },
      ],
    ])('lay() refuses %s before it writes anything', async (_title, files) => {
      await lay({ before: '1' })
      await expect(lay({ before: '2', ...files })).rejects.toMatchObject({
        name: 'MagosError',
        code: 'stack',
      })
      expect(await at.list('web')).toEqual({ before: '1' })
    })

    it('read() returns what a person put there, and null for nothing and for what lay() wrote', async () => {
      await lay({ 'conf/a': 'tracked', 'conf/b': 'tracked' })
      await at.write('web', '.env', 'untracked')
      await at.write('web', 'conf/b', 'changed')
      const text = async (path: string): Promise<string | null> => {
        const bytes = await at.files.read('web', path, signal())
        return bytes === null ? null : Buffer.from(bytes).toString('utf8')
      }
      expect([await text('conf/b'), await text('.env')]).toEqual(['changed', 'untracked'])
      expect(await text('conf/a')).toBeNull()
      expect([await text('absent'), await text('conf/a/b'), await text('no/such')]).toEqual([
        null,
        null,
        null,
      ])
      expect(await at.files.read('unknown', 'a', signal())).toBeNull()
    })

    it('lay() throws `interrupted` once the signal is aborted, and writes nothing', async () => {
      const attempt = at.files.lay('web', laid({ a: '1' }), AbortSignal.abort())
      await expect(attempt).rejects.toMatchObject({ name: 'MagosError', code: 'interrupted' })
      expect(await at.list('web')).toEqual({})
    })
  })
}

function sorted({ written, removed, kept }: LayReport): LayReport {
  return { written: written.toSorted(), removed: removed.toSorted(), kept }
}

const signal = (): AbortSignal => AbortSignal.timeout(20_000)
