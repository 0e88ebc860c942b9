import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Revision } from '../../src/domain/revision.ts'
import type { Ancestry, Source } from '../../src/ports.ts'
import { contents, type SourceFiles } from './source.ts'

export interface AncestryFixture {
  readonly source: Source
  readonly ancestry: Ancestry
  /** Makes the branch hold exactly these files; returns the new commit. */
  put(files: SourceFiles, message: string): Promise<string>
  /** As `put`, but on no parent of what is there: a force push. */
  replace(files: SourceFiles, message: string): Promise<string>
  /** Merges a side branch of one commit on `base`, which it returns; absent where there are no merges. */
  merge?(base: string, files: SourceFiles, message: string): Promise<string>
  dispose(): Promise<void>
}

/** What every `Ancestry` must do: look back from the branch. */
export function ancestryContract(name: string, make: () => Promise<AncestryFixture>): void {
  describe(`Ancestry contract: ${name}`, () => {
    let at: AncestryFixture
    beforeEach(async () => {
      at = await make()
    })
    afterEach(async () => {
      await at.dispose()
    })
    const head = () => at.source.head(signal())
    const between = async (from: string, to: Revision) =>
      (await at.ancestry.between(from, to, signal()))?.map(({ revision }) => revision.commit)

    it('between() returns what came after a commit, newest first, with messages and parents', async () => {
      const one = await at.put({ a: '1\n' }, 'one')
      await head()
      const two = await at.put({ a: '2\n' }, 'two\n\nüber\n\nKey: value')
      const three = await at.put({ a: '3\n' }, 'three')
      const to = await head()
      const found = (await at.ancestry.between(one, to, signal())) ?? []
      expect(
        found.map(({ revision, parents, message }) => [
          revision.commit,
          parents,
          message.trimEnd(),
        ]),
      ).toEqual([
        [three, [two], 'three'],
        [two, [one], 'two\n\nüber\n\nKey: value'],
      ])
      const [, middle] = found
      expect(middle === undefined ? null : await contents(at.source, middle.revision)).toEqual({
        a: '2\n',
      })
    })

    it('between() is empty from a commit to itself', async () => {
      const one = await at.put({ a: '1\n' }, 'one')
      expect(await between(one, await head())).toEqual([])
    })

    it('between() is null where the branch was replaced, and for what is no commit', async () => {
      const one = await at.put({ a: '1\n' }, 'one')
      await head()
      await at.replace({ b: '1\n' }, 'replaced')
      const to = await head()
      expect(await between(one, to)).toBeUndefined()
      expect(await between('1'.repeat(40), to)).toBeUndefined()
      expect(await between('working-tree', to)).toBeUndefined()
    })

    it('between() is null for a commit that came later', async () => {
      await at.put({ a: '1\n' }, 'one')
      const to = await head()
      const two = await at.put({ a: '2\n' }, 'two')
      await head()
      expect(await between(two, to)).toBeUndefined()
    })

    it('between() takes what a merge brought, and not what both sides had', async () => {
      const one = await at.put({ a: '1\n' }, 'one')
      const two = await at.put({ a: '2\n' }, 'two')
      const side = await at.merge?.(one, { a: '2\n', b: 'side\n' }, 'side')
      if (side === undefined) return
      const to = await head()
      expect(await between(two, to)).toEqual([to.commit, side])
      expect(await between(one, to)).toEqual([to.commit, side, two])
    })

    it('revision() finds a commit of the past by its id or its beginning', async () => {
      const one = await at.put({ a: '1\n' }, 'one')
      await head()
      await at.put({ a: '2\n' }, 'two')
      await head()
      for (const id of [one, one.slice(0, 7)]) {
        const found = await at.ancestry.revision(id, signal())
        expect(found?.commit).toBe(one)
        expect(found === null ? null : await contents(at.source, found)).toEqual({ a: '1\n' })
      }
    })

    it.each(['', 'main', 'HEAD', '-1', '1111111', '1'.repeat(40), 'abc'])(
      'revision() is null for %j',
      async (id) => {
        await at.put({ a: '1\n' }, 'one')
        await head()
        expect(await at.ancestry.revision(id, signal())).toBeNull()
      },
    )

    it('revision() is null for what is no commit', async () => {
      await at.put({ a: 'hello\n' }, 'one')
      await head()
      const blob = 'ce013625030ba8dba906f756967f9e9ca394464a'
      expect(await at.ancestry.revision(blob, signal())).toBeNull()
    })

    it('both throw `interrupted` once the signal is aborted', async () => {
      const one = await at.put({ a: '1\n' }, 'one')
      const to = await head()
      const interrupted = { name: 'MagosError', code: 'interrupted' }
      const ended = AbortSignal.abort()
      await expect(at.ancestry.revision(one, ended)).rejects.toMatchObject(interrupted)
      await expect(at.ancestry.between(one, to, ended)).rejects.toMatchObject(interrupted)
    })
  })
}

const signal = (): AbortSignal => AbortSignal.timeout(30_000)
