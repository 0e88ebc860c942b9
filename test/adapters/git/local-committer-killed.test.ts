import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, it } from 'vitest'
import { createLocalCommitter } from '../../../src/adapters/git/local-committer.ts'
import { createLocalSource } from '../../../src/adapters/git/local-source.ts'
import { git, run } from './repository.ts'
import { compose, identity, signal, useScene } from './scene.ts'

describe('createLocalCommitter() killed', { timeout: 60_000 }, () => {
  const scene = useScene()
  const { propose, status, onDisk, tip, shown } = scene

  class Killed extends Error {}

  /** A committer that is dead from its n-th step on: nothing of it runs any more, tidying up included. */
  function dying(at: number) {
    let steps = 0
    const by = createLocalCommitter({
      path: scene.path,
      branch: 'main',
      run,
      identity,
      onStep() {
        if ((steps += 1) >= at) throw new Killed()
      },
    })
    return { by, steps: () => steps }
  }

  it('at any step leaves what the next commit undoes or finds finished', async () => {
    let finished = 0
    let undone = 0
    const outcomes: unknown[] = []
    for (let at = 1; ; at += 1) {
      await git(scene.path, 'reset', '-q', '--hard', 'main')
      const content = `image: ${at}\n`
      const { by } = dying(at)
      const before = await tip()
      const attempt = await propose(content, { by }).catch((thrown: unknown) => thrown)
      if (!(attempt instanceof Killed)) {
        outcomes.push(outcomeOf(attempt))
        break
      }
      const isDone = (await tip()) !== before
      // The same proposal again, from whatever head there is.
      const outcome = await propose(content)
      expect(outcome.outcome, `step ${at}`).toBe(isDone ? 'empty' : 'committed')
      expect(await git(scene.path, 'rev-list', '--count', `${before}..main`)).toBe('1')
      expect([await onDisk(), await status()]).toEqual([content, ''])
      const leavings = (await readdir(join(scene.path, '.git'))).filter((name) =>
        /magos.*\.(?:tmp|lock|index)$|advance|index\.lock/u.test(name),
      )
      expect(leavings, `step ${at}`).toEqual([])
      if (isDone) finished += 1
      else undone += 1
    }
    expect(outcomes).toEqual(['committed'])
    expect(finished).toBeGreaterThan(0)
    expect(undone).toBeGreaterThan(5)
  })

  it("at any step keeps the owner's work, whatever they do before the next commit", async () => {
    for (let at = 1; ; at += 1) {
      await git(scene.path, 'reset', '-q', '--hard', 'main')
      const { by } = dying(at)
      const attempt = await propose(`image: ${at}\n`, { by }).catch((thrown: unknown) => thrown)
      if (!(attempt instanceof Killed)) break
      // As git itself tells people to do after a crash.
      await rm(join(scene.path, '.git/index.lock'), { force: true })
      await writeFile(join(scene.path, 'other.yaml'), `owner ${at}\n`)
      await git(scene.path, 'commit', '-qam', 'owner')
      const outcome = await propose(`image: again ${at}\n`)
      expect(outcome, `step ${at}`).toMatchObject({ outcome: 'committed' })
      expect([await onDisk(), await onDisk('other.yaml'), await status()]).toEqual([
        `image: again ${at}\n`,
        `owner ${at}\n`,
        '',
      ])
      expect(await shown('other.yaml')).toBe(`owner ${at}`)
    }
  })

  it("at any step never takes back the owner's own edit of that file", async () => {
    for (let at = 1; ; at += 1) {
      await git(scene.path, 'reset', '-q', '--hard', 'main')
      const { by } = dying(at)
      const attempt = await propose(`image: ${at}\n`, { by }).catch((thrown: unknown) => thrown)
      if (!(attempt instanceof Killed)) break
      await writeFile(join(scene.path, compose), 'edited by the owner\n')
      expect(await propose('image: z\n'), `step ${at}`).toMatchObject({
        outcome: 'held',
        file: compose,
      })
      expect(await onDisk()).toBe('edited by the owner\n')
    }
  })

  it('in its own process, is repaired by the next look of another', async () => {
    const script = `
        import { createLocalCommitter } from ${JSON.stringify(join(import.meta.dirname, '../../../src/adapters/git/local-committer.ts'))}
        import { createRunChild } from ${JSON.stringify(join(import.meta.dirname, '../../../src/host/process.ts'))}
        const [path, commit, tree] = process.argv.slice(1)
        const committer = createLocalCommitter({
          path, branch: 'main', run: createRunChild({ environment: process.env }),
          identity: { name: 'm', email: 'm@h' },
          onStep: (step) => { if (step === 'ref') process.kill(process.pid, 'SIGKILL') },
        })
        const files = [{ path: 'app/compose.yaml', mode: '100644', content: 'image: killed' }]
        await committer.commit({ parent: { commit, tree }, message: 'm', files }, AbortSignal.timeout(9000))
      `
    const source = createLocalSource({ path: scene.path, branch: 'main', run })
    const head = await source.head(signal())
    const args = ['--input-type=module', '-e', script, scene.path, head.commit, head.tree]
    const child = await execa(process.execPath, args, { reject: false })
    expect(child.signal).toBe('SIGKILL')
    expect([await onDisk(), await readFile(join(scene.path, '.git/index.lock'), 'utf8')]).toEqual([
      'image: killed',
      expect.stringMatching(/^magos /u),
    ])
    expect(await source.head(signal())).toEqual(head)
    expect([await onDisk(), await status()]).toEqual(['image: a\n', ''])
    expect(await readdir(join(scene.path, '.git'))).not.toContain('index.lock')
  })
})
function outcomeOf(attempt: unknown): unknown {
  return attempt instanceof Error ? attempt.message : Object(attempt).outcome
}
