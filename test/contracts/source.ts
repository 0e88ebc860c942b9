import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Revision, TreeEntry } from '../../src/domain/revision.ts'
import type { Source } from '../../src/ports.ts'

/** What the branch shall hold, whole; a string is a plain file. */
export type SourceFiles = Readonly<
  Record<
    string,
    string | Uint8Array | { readonly mode: '100755' | '120000'; readonly content: string }
  >
>

export interface SourceFixture {
  readonly source: Source
  /** Makes the branch hold exactly these files; returns the new commit, `working-tree` where there is none. */
  put(files: SourceFiles): Promise<string>
  /** As `put`, but on no parent of what is there: a force push. */
  replace(files: SourceFiles): Promise<string>
  /** Makes the branch be gone. */
  remove(): Promise<void>
  dispose(): Promise<void>
}

/** What every `Source` must do: show a branch as it is now. `none`: a directory as it lies has no earlier state. */
export function sourceContract(
  name: string,
  make: () => Promise<SourceFixture>,
  { revisions = 'kept' }: { readonly revisions?: 'kept' | 'none' } = {},
): void {
  describe(`Source contract: ${name}`, () => {
    let at: SourceFixture
    beforeEach(async () => {
      at = await make()
    })
    afterEach(async () => {
      await at.dispose()
    })

    it('head() returns the commit that the branch points at', async () => {
      const commit = await at.put({ a: '1\n' })
      const head = await at.source.head(signal())
      expect(head.commit).toBe(commit)
      expect(await at.source.head(signal())).toEqual(head)
    })

    it('head() sees every move of the branch at once', async () => {
      for (const content of ['1\n', '2\n', '3\n']) {
        const commit = await at.put({ 'a.yaml': content })
        const head = await at.source.head(signal())
        expect(head.commit).toBe(commit)
        expect(await contents(at.source, head)).toEqual({ 'a.yaml': content })
      }
    })

    it('recall() knows a commit that was read, and none that never was', async () => {
      await at.put({ a: '1\n' })
      const head = await at.source.head(signal())
      expect(await at.source.recall(head.commit, signal())).toEqual(head)
      expect(await at.source.recall('f'.repeat(40), signal())).toBeNull()
    })

    it('tree() lists files of all directories, with modes', async () => {
      await at.put({
        'compose.yaml': 'a\n',
        'deep/er/still/file': 'b\n',
        'run.sh': { mode: '100755', content: '#!/bin/sh\n' },
        link: { mode: '120000', content: 'deep/er' },
      })
      const entries = await at.source.tree(await at.source.head(signal()), signal())
      expect(Object.fromEntries(entries.map((entry) => [entry.path, entry.mode]))).toEqual({
        'compose.yaml': '100644',
        'deep/er/still/file': '100644',
        'run.sh': '100755',
        link: '120000',
      })
    })

    it('tree() names equal content by equal ids, and other content by others', async () => {
      await at.put({ a: 'same\n', b: 'same\n', c: 'other\n' })
      const oids = await oidsOf(at.source)
      expect(oids['a']).toBe(oids['b'])
      expect(oids['a']).not.toBe(oids['c'])
      await at.put({ a: 'changed\n', c: 'other\n' })
      const later = await oidsOf(at.source)
      expect(later['a']).not.toBe(oids['a'])
      expect(later['c']).toBe(oids['c'])
      expect(later).not.toHaveProperty('b')
    })

    it("tree() gives git's own blob ids", async () => {
      await at.put({ a: 'hello\n', empty: '' })
      expect(await oidsOf(at.source)).toEqual({
        a: 'ce013625030ba8dba906f756967f9e9ca394464a',
        empty: 'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391',
      })
    })

    it.each([
      'with space',
      'ünï/côde',
      '-dash',
      'a"quote\'s',
      'tab\there',
      'line\nbreak',
      '#a?b%20',
    ])('tree() and read() know the path %j', async (path) => {
      await at.put({ [path]: 'x\n' })
      expect(await contents(at.source, await at.source.head(signal()))).toEqual({ [path]: 'x\n' })
    })

    it('read() returns the very bytes, and a symlink its target', async () => {
      const odd = Uint8Array.from({ length: 70_000 }, (_, index) => (index * 7919) % 256)
      await at.put({ odd, crlf: 'a\r\nb', link: { mode: '120000', content: '../out/of here' } })
      const entries = await at.source.tree(await at.source.head(signal()), signal())
      const read = new Map<string, Uint8Array>()
      await Promise.all(
        entries.map(async (entry) => read.set(entry.path, await at.source.read(entry, signal()))),
      )
      expect(Buffer.from(read.get('odd') ?? []).equals(odd)).toBe(true)
      expect(text(read.get('crlf'))).toBe('a\r\nb')
      expect(text(read.get('link'))).toBe('../out/of here')
    })

    it('read() throws `git` for a file that is not there', async () => {
      await at.put({ a: '1\n' })
      await at.source.head(signal())
      const entry: TreeEntry = { path: 'gone', mode: '100644', oid: '1'.repeat(40) }
      await expect(at.source.read(entry, signal())).rejects.toMatchObject({
        name: 'MagosError',
        code: 'git',
      })
    })

    it('head() throws `not-found` where there is no branch, and recovers', async () => {
      await at.put({ a: '1\n' })
      await at.source.head(signal())
      await at.remove()
      await expect(at.source.head(signal())).rejects.toMatchObject({
        name: 'MagosError',
        code: 'not-found',
      })
      const commit = await at.put({ b: '2\n' })
      expect((await at.source.head(signal())).commit).toBe(commit)
    })

    it('head() and tree() throw `interrupted` once the signal is aborted', async () => {
      await at.put({ a: '1\n' })
      const head = await at.source.head(signal())
      const interrupted = { name: 'MagosError', code: 'interrupted' }
      await expect(at.source.head(AbortSignal.abort())).rejects.toMatchObject(interrupted)
      await expect(at.source.tree(head, AbortSignal.abort())).rejects.toMatchObject(interrupted)
      expect(await at.source.head(signal())).toEqual(head)
    })

    if (revisions === 'none') return
    it('tree() and read() still know an earlier head after the branch moved or was replaced', async () => {
      await at.put({ a: '1\n' })
      const first = await at.source.head(signal())
      await at.put({ a: '2\n', b: '2\n' })
      await at.source.head(signal())
      const commit = await at.replace({ c: '3\n' })
      const last = await at.source.head(signal())
      expect(last.commit).toBe(commit)
      expect(await contents(at.source, last)).toEqual({ c: '3\n' })
      expect(await contents(at.source, first)).toEqual({ a: '1\n' })
    })
  })
}

/** Everything that a revision holds, as text. */
export async function contents(
  source: Source,
  revision: Revision,
): Promise<Record<string, string>> {
  const entries = await source.tree(revision, signal())
  const pairs = entries.map(
    async (entry) => [entry.path, text(await source.read(entry, signal()))] as const,
  )
  return Object.fromEntries(await Promise.all(pairs))
}

async function oidsOf(source: Source): Promise<Record<string, string>> {
  const entries = await source.tree(await source.head(signal()), signal())
  return Object.fromEntries(entries.map(({ path, oid }) => [path, oid]))
}

function text(content: Uint8Array | undefined): string {
  return Buffer.from(content ?? []).toString('utf8')
}

const signal = (): AbortSignal => AbortSignal.timeout(30_000)
