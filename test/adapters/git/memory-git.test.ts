import { describe, expect, it } from 'vitest'
import { createMemoryGit } from '../../fakes/memory-git.ts'
import { ancestryContract } from '../../contracts/ancestry.ts'
import { sourceContract } from '../../contracts/source.ts'

sourceContract('in memory', async () => {
  const git = createMemoryGit()
  return {
    source: git,
    put: async (files) => git.put(files).commit,
    replace: async (files) => git.replace(files).commit,
    remove: async () => git.moveTo(null),
    dispose: async () => undefined,
  }
})

ancestryContract('in memory', async () => {
  const git = createMemoryGit()
  return {
    source: git,
    ancestry: git,
    put: async (files, message) => git.put(files, message).commit,
    replace: async (files, message) => git.replace(files, message).commit,
    dispose: async () => undefined,
  }
})

const signal = (): AbortSignal => AbortSignal.timeout(5_000)
const file = (path: string, content: string) => ({ path, mode: '100644' as const, content })

describe('createMemoryGit()', () => {
  it('commits on the parent, or says that the branch moved or that nothing changed', async () => {
    const git = createMemoryGit({ a: '1', b: { mode: '100755', content: 'x' } })
    const parent = await git.head(signal())
    const propose = (content: string) =>
      git.commit({ parent, message: 'm', files: [file('a', content)] }, signal())
    expect(await propose('1')).toEqual({ outcome: 'empty' })
    git.beforeSwap(() => git.change({ b: null }))
    expect(await propose('2')).toEqual({ outcome: 'moved' })
    expect([git.text('a'), git.text('b'), git.made.length]).toEqual(['1', null, 0])
    git.moveTo(parent.commit)
    const outcome = await propose('2')
    expect(outcome).toMatchObject({ outcome: 'committed', revision: await git.head(signal()) })
    expect([git.text('a'), git.text('b'), git.text('a', parent.commit)]).toEqual(['2', 'x', '1'])
    expect(git.log().map((commit) => commit.message)).toEqual(['m', 'first'])
    expect(git.made).toHaveLength(1)
  })

  it('answers and fails as it was told, once', async () => {
    const git = createMemoryGit({ a: '1' })
    git.failNext(new Error('told'))
    await expect(git.head(signal())).rejects.toThrow('told')
    const parent = await git.head(signal())
    const held = { outcome: 'held', reason: 'r', remedy: 'm' } as const
    git.answerNext(held)
    const proposal = { parent, message: 'm', files: [file('a', '2')] }
    expect(await git.commit(proposal, signal())).toEqual(held)
    expect(await git.commit(proposal, signal())).toMatchObject({ outcome: 'committed' })
  })
})
