import { beforeEach, describe, expect, test } from 'vitest'
import { usualOptions } from '../../src/domain/settings/stack-settings.ts'
import type { Stack } from '../../src/domain/stack.ts'
import type { LastGood, LastGoodState } from '../../src/ports.ts'

const bytes = (text: string) => new Uint8Array(Buffer.from(text))

const stack: Stack = {
  name: 'shop',
  directory: 'shop',
  files: ['shop/compose.yaml'],
  hosts: null,
  options: usualOptions,
}

/** A state whose inputs are named `i1`. */
export function lastGoodState(over: Partial<LastGoodState> = {}): LastGoodState {
  return {
    stack,
    project: 'shop',
    commit: 'c'.repeat(40),
    inputs: 'i1',
    tracked: 't1',
    sealed: { files: { 'web/a.env': 'users', 'web/.env': 'all' }, mounts: ['web/conf'] },
    provider: 'docker-compose',
    services: { web: 'hash ghcr.io/o/web:1' },
    files: [
      { path: 'shop/compose.yaml', mode: '100644', oid: 'a', content: bytes('services: {}\n') },
      { path: 'shop/bin/run', mode: '100755', oid: 'b', content: new Uint8Array([0, 255, 10, 13]) },
      { path: 'shop/again', mode: '100644', oid: 'a', content: bytes('services: {}\n') },
      { path: 'shop/link', mode: '120000', oid: 'd', content: bytes('bin/run') },
      { path: 'shop/empty', mode: '100644', oid: 'e', content: new Uint8Array() },
    ],
    untracked: [{ path: 'shop/.env', content: bytes('A=1\n') }],
    images: { web: { id: 'f'.repeat(64), name: 'ghcr.io/o/web:1' } },
    at: 1_000,
    ...over,
  }
}

/** What every `LastGood` must do. */
export function lastGoodContract(name: string, open: () => LastGood): void {
  describe(`LastGood contract: ${name}`, () => {
    let kept: LastGood
    beforeEach(() => {
      kept = open()
    })

    test('recall() is null where nothing was kept', async () => {
      expect(await kept.recall('shop', 'i1')).toBeNull()
      expect(await kept.recall('shop', null)).toBeNull()
    })

    test('recall() returns every byte that keep() was given', async () => {
      await kept.keep(lastGoodState())
      expect(await kept.recall('shop', 'i1')).toEqual(lastGoodState())
      expect(await kept.recall('shop', 'i2')).toBeNull()
      expect(await kept.recall('blog', 'i1')).toBeNull()
    })

    test('keep() keeps a state beside the one before, until settle() says which stays', async () => {
      const next = lastGoodState({ inputs: 'i2', at: 2_000, untracked: [] })
      await kept.keep(lastGoodState())
      await kept.keep(next)
      expect(await kept.recall('shop', 'i1')).toEqual(lastGoodState())
      expect(await kept.recall('shop', 'i2')).toEqual(next)
      expect(await kept.recall('shop', null)).toEqual(next)
      await kept.settle('shop', 'i2')
      expect(await kept.recall('shop', 'i1')).toBeNull()
      expect(await kept.recall('shop', 'i2')).toEqual(next)
    })

    test('settle() drops nothing where the state that shall stay is not kept', async () => {
      await kept.settle('shop', 'i2')
      await kept.keep(lastGoodState())
      await kept.settle('shop', 'i2')
      expect(await kept.recall('shop', 'i1')).toEqual(lastGoodState())
    })

    test('keep() replaces a state of the same inputs', async () => {
      await kept.keep(lastGoodState())
      const again = lastGoodState({
        images: { web: { id: 'e'.repeat(64), name: 'ghcr.io/o/web:1' } },
        commit: 'd'.repeat(40),
      })
      await kept.keep(again)
      await kept.settle('shop', 'i1')
      expect(await kept.recall('shop', 'i1')).toEqual(again)
    })

    test('settle() drops nothing of another stack', async () => {
      const blog = lastGoodState({ stack: { ...stack, name: 'blog' } })
      await kept.keep(lastGoodState())
      await kept.keep(blog)
      await kept.keep(lastGoodState({ inputs: 'i2' }))
      await kept.settle('shop', 'i2')
      expect(await kept.recall('blog', 'i1')).toEqual(blog)
    })

    test('forget() forgets every state of one stack, and stacks() names those of which one is left', async () => {
      const blog = lastGoodState({ stack: { ...stack, name: 'blog' } })
      expect(await kept.stacks()).toEqual([])
      await kept.keep(lastGoodState())
      await kept.keep(lastGoodState({ inputs: 'i2', at: 2_000 }))
      await kept.keep(blog)
      expect(await kept.stacks()).toEqual(['blog', 'shop'])
      await kept.forget('shop')
      await kept.forget('shop')
      expect(await kept.stacks()).toEqual(['blog'])
      expect(await kept.recall('shop', null)).toBeNull()
      expect(await kept.recall('blog', 'i1')).toEqual(blog)
      await kept.keep(lastGoodState())
      expect(await kept.recall('shop', null)).toEqual(lastGoodState())
    })

    test.each(['', '../x', 'a/b', '.hidden'])('refuses %j, which is no name', async (bad) => {
      await expect(kept.recall(bad, null)).rejects.toMatchObject({ code: 'stack' })
      await expect(kept.forget(bad)).rejects.toMatchObject({ code: 'stack' })
    })
  })
}
