import { chmod, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, it } from 'vitest'
import { createLocalCommitter } from '../../../src/adapters/git/local-committer.ts'
import { createLocalSource } from '../../../src/adapters/git/local-source.ts'
import type { CommitFile } from '../../../src/ports.ts'
import { committerContract, type CommitterFixture } from '../../contracts/committer.ts'
import type { SourceFiles } from '../../contracts/source.ts'
import { git, putCommit, run, temporaryDirectory } from './repository.ts'
import { compose, identity, signal, useScene } from './scene.ts'

function asSource(files: readonly CommitFile[]): SourceFiles {
  return Object.fromEntries(
    files.map(({ path, mode, content }) => [path, mode === '100755' ? { mode, content } : content]),
  )
}

async function fixture(
  kind: 'bare' | 'checked out' | 'not checked out',
  files: readonly CommitFile[],
): Promise<CommitterFixture> {
  const { path: root, dispose } = await temporaryDirectory()
  const path = join(root, 'repository')
  await git(root, 'init', '-q', '-b', 'main', ...(kind === 'bare' ? ['--bare'] : []), path)
  const gitDir = kind === 'bare' ? path : join(path, '.git')
  await putCommit(gitDir, 'main', asSource(files))
  if (kind === 'checked out') await git(path, 'reset', '-q', '--hard')
  if (kind === 'not checked out') await git(path, 'checkout', '-q', '-b', 'elsewhere')
  return {
    committer: createLocalCommitter({ path, branch: 'main', run, identity }),
    gitDir,
    branch: 'main',
    async advance(changed) {
      const tree = join(root, 'somebody')
      await git(root, 'clone', '-q', gitDir, tree, '-b', 'main')
      for (const file of changed) await writeFile(join(tree, file.path), file.content)
      await git(tree, 'add', '.')
      await git(tree, 'commit', '-qm', 'theirs')
      if (kind === 'checked out') await git(path, 'pull', '-q', tree, 'main')
      else await git(tree, 'push', '-q', 'origin', 'main')
      const [commit = '', id = ''] = (await git(tree, 'rev-parse', 'HEAD', 'HEAD^{tree}')).split(
        '\n',
      )
      await rm(tree, { recursive: true })
      return { commit, tree: id }
    },
    dispose,
  }
}

committerContract('a bare repository', (files) => fixture('bare', files))
committerContract('a checked-out branch', (files) => fixture('checked out', files))
committerContract('a branch that is not checked out', (files) => fixture('not checked out', files))

describe('createLocalCommitter()', () => {
  const scene = useScene()
  const { propose, status, onDisk, tip, shown } = scene

  describe('on a checked-out branch', () => {
    it('moves ref, index and file together, and leaves the work tree clean', async () => {
      expect(await propose()).toMatchObject({ outcome: 'committed' })
      expect([await onDisk(), await shown(), await status()]).toEqual([
        'image: b\n',
        'image: b',
        '',
      ])
      // Without a refresh: the index entry carries the size and time of the new file.
      await git(scene.path, 'diff-files', '--quiet')
      expect(await git(scene.path, 'log', '-1', '--format=%an <%ae> %cn')).toBe(
        'Magos Dominus <magos@test-host> Magos Dominus',
      )
      expect(await git(scene.path, 'reflog', '-1', '--format=%gs')).toBe('commit: chore: update')
      await git(scene.path, 'fsck', '--strict', '--no-dangling')
    })

    it("keeps the update in the owner's next commit -a, and their other files as they are", async () => {
      await writeFile(join(scene.path, 'other.yaml'), 'dirty\n')
      await writeFile(join(scene.path, 'staged'), 'staged\n')
      await writeFile(join(scene.path, 'untracked'), 'untracked\n')
      await git(scene.path, 'add', 'staged')
      expect(await propose()).toMatchObject({ outcome: 'committed' })
      expect((await status()).split('\n').toSorted()).toEqual([
        ' M other.yaml',
        '?? untracked',
        'A  staged',
      ])
      expect(await git(scene.path, 'show', '--name-only', '--format=', 'main')).toBe(compose)
      await git(scene.path, 'commit', '-qam', 'owner')
      expect([await shown(), await shown('other.yaml'), await shown('staged')]).toEqual([
        'image: b',
        'dirty',
        'staged',
      ])
    })

    it('keeps permissions and the executable bit', async () => {
      await chmod(join(scene.path, compose), 0o640)
      expect(await propose()).toMatchObject({ outcome: 'committed' })
      expect((await stat(join(scene.path, compose))).mode & 0o777).toBe(0o640)
      const head = await createLocalSource({ path: scene.path, branch: 'main', run }).head(signal())
      const files = [{ path: 'run.sh', mode: '100755' as const, content: 'exit 1\n' }]
      const outcome = await scene.committer.commit({ parent: head, message: 'm', files }, signal())
      expect(outcome).toMatchObject({ outcome: 'committed' })
      expect((await stat(join(scene.path, 'run.sh'))).mode & 0o777).toBe(0o755)
      expect(await status()).toBe('')
    })

    it('adds a file that is new, with its directories', async () => {
      const outcome = await propose('- tag\n', { file: '.magos/deep/quarantine.yaml' })
      expect(outcome).toMatchObject({ outcome: 'committed' })
      expect(await status()).toBe('')
      expect(await onDisk('.magos/deep/quarantine.yaml')).toBe('- tag\n')
    })

    it('commits beside unrelated work when HEAD is reached through a linked work tree', async () => {
      const linked = `${scene.path}-linked`
      await git(scene.path, 'checkout', '-q', '-b', 'elsewhere')
      await git(scene.path, 'worktree', 'add', '-q', linked, 'main')
      await writeFile(join(linked, 'untracked'), 'x')
      expect(await propose()).toMatchObject({ outcome: 'committed' })
      expect(await status(linked)).toBe('?? untracked')
      expect(await readFile(join(linked, compose), 'utf8')).toBe('image: b\n')
      expect([await onDisk(), await status()]).toEqual(['image: a\n', ''])
    })

    it('serves a bare repository with a linked work tree', async () => {
      const bare = `${scene.path}-bare`
      const linked = `${scene.path}-of-bare`
      await git(scene.root, 'clone', '-q', '--bare', scene.path, bare)
      await git(bare, 'worktree', 'add', '-q', linked, 'main')
      scene.path = bare
      const by = createLocalCommitter({ path: bare, branch: 'main', run, identity })
      expect(await propose('image: b\n', { by })).toMatchObject({ outcome: 'committed' })
      expect(await status(linked)).toBe('')
      expect(await readFile(join(linked, compose), 'utf8')).toBe('image: b\n')
    })

    it('finds the work tree of a repository whose git directory lies elsewhere', async () => {
      const tree = `${scene.path}-separate`
      await git(scene.root, 'clone', '-q', `--separate-git-dir=${scene.path}-git`, scene.path, tree)
      scene.path = tree
      const by = createLocalCommitter({ path: tree, branch: 'main', run, identity })
      expect(await propose('image: b\n', { by })).toMatchObject({ outcome: 'committed' })
      expect([await onDisk(), await status()]).toEqual(['image: b\n', ''])
    })

    it.each<[string, () => Promise<unknown>, RegExp, boolean]>([
      ['a changed file', () => writeFile(join(scene.path, compose), 'mine\n'), /is changed/u, true],
      ['a changed mode', () => chmod(join(scene.path, compose), 0o755), /is changed/u, true],
      ['a deleted file', () => rm(join(scene.path, compose)), /is deleted/u, true],
      [
        'a staged change',
        async () => {
          await writeFile(join(scene.path, compose), 'mine\n')
          await git(scene.path, 'add', compose)
          await writeFile(join(scene.path, compose), 'image: a\n')
        },
        /is staged/u,
        true,
      ],
      [
        'a staged removal',
        () => git(scene.path, 'rm', '-q', '--cached', compose),
        /is staged/u,
        true,
      ],
      [
        'a symlink in its place',
        async () => {
          await rm(join(scene.path, compose))
          await symlink('../other.yaml', join(scene.path, compose))
        },
        /is changed/u,
        true,
      ],
      [
        'a symlinked directory',
        async () => {
          await rm(join(scene.path, 'app'), { recursive: true })
          await mkdir(`${scene.path}-outside`)
          await writeFile(join(`${scene.path}-outside`, 'compose.yaml'), 'image: a\n')
          await symlink(`${scene.path}-outside`, join(scene.path, 'app'))
        },
        /is changed/u,
        true,
      ],
      [
        'a merge under way',
        async () => {
          await git(scene.path, 'checkout', '-q', '-b', 'side')
          await git(scene.path, 'commit', '-q', '--allow-empty', '-m', 'side')
          await git(scene.path, 'checkout', '-q', 'main')
          await git(scene.path, 'merge', '-q', '--no-ff', '--no-commit', 'side')
        },
        /merge is under way/u,
        false,
      ],
      [
        'a cherry-pick under way',
        () => conflict(scene.path, 'cherry-pick'),
        /cherry-pick is under way/u,
        false,
      ],
      ['a revert under way', () => conflict(scene.path, 'revert'), /revert is under way/u, false],
      ['a rebase under way', () => conflict(scene.path, 'rebase'), /rebase is under way/u, false],
      [
        'a bisection under way',
        () => git(scene.path, 'bisect', 'start'),
        /bisection is under way/u,
        false,
      ],
      [
        'a taken index',
        () => writeFile(join(scene.path, '.git/index.lock'), ''),
        /holds ".*index\.lock"/u,
        false,
      ],
    ])('is held by %s, and changes nothing', async (_title, disturb, reason, namesFile) => {
      await disturb()
      const before = await Promise.all([tip(), status(), git(scene.path, 'ls-files', '-s')])
      const outcome = await propose()
      expect(outcome).toMatchObject({
        outcome: 'held',
        reason: expect.stringMatching(reason),
        remedy: expect.stringMatching(/./u),
        ...(namesFile ? { file: compose } : {}),
      })
      expect(await Promise.all([tip(), status(), git(scene.path, 'ls-files', '-s')])).toEqual(
        before,
      )
      expect(
        (await readdir(join(scene.path, '.git'))).filter((name) => name.includes('magos')),
      ).toEqual([])
    })

    it('is held by an untracked file in the place of a new one', async () => {
      await mkdir(join(scene.path, '.magos'))
      await writeFile(join(scene.path, '.magos/quarantine.yaml'), 'mine\n')
      const outcome = await propose('ours\n', { file: '.magos/quarantine.yaml' })
      expect(outcome).toMatchObject({ outcome: 'held', file: '.magos/quarantine.yaml' })
      expect(await onDisk('.magos/quarantine.yaml')).toBe('mine\n')
    })

    it('is held by a rebase of the branch in a linked work tree', async () => {
      await conflict(scene.path, 'rebase')
      await git(scene.path, 'rebase', '--abort')
      const linked = `${scene.path}-linked`
      await git(scene.path, 'checkout', '-q', '-b', 'elsewhere')
      await git(scene.path, 'worktree', 'add', '-q', linked, 'main')
      await git(linked, 'rebase', 'side').catch(() => undefined)
      expect(await git(linked, 'branch', '--show-current')).toBe('')
      expect(await propose()).toMatchObject({
        outcome: 'held',
        reason: expect.stringContaining('rebase'),
      })
    })

    it('is held by a work tree that is not there', async () => {
      await git(scene.path, 'checkout', '-q', '-b', 'elsewhere')
      await git(scene.path, 'worktree', 'add', '-q', `${scene.path}-gone`, 'main')
      await rm(`${scene.path}-gone`, { recursive: true })
      expect(await propose()).toMatchObject({
        outcome: 'held',
        remedy: expect.stringContaining('worktree prune'),
      })
    })

    it('runs neither hooks nor filters nor signing', async () => {
      const planted = `${scene.path}-planted`
      const script = `#!/bin/sh\ntouch ${planted}\ncat\n`
      for (const hook of [
        'pre-commit',
        'commit-msg',
        'post-commit',
        'reference-transaction',
        'post-index-change',
        'prepare-commit-msg',
      ]) {
        await writeFile(join(scene.path, '.git/hooks', hook), script, { mode: 0o755 })
      }
      await git(
        scene.path,
        'config',
        'filter.evil.clean',
        join(scene.path, '.git/hooks/pre-commit'),
      )
      await git(scene.path, 'config', 'commit.gpgSign', 'true')
      await git(scene.path, 'config', 'gpg.program', join(scene.path, '.git/hooks/pre-commit'))
      await writeFile(join(scene.path, '.git/info/attributes'), '*.yaml filter=evil\n')
      expect(await propose()).toMatchObject({ outcome: 'committed' })
      await expect(stat(planted)).rejects.toThrow('ENOENT')
      await git(scene.path, 'config', 'filter.evil.clean', 'cat')
      expect(await status()).toBe('')
    })

    it('needs no git configuration and leaves none', async () => {
      const before = await readFile(join(scene.path, '.git/config'), 'utf8')
      expect(await propose()).toMatchObject({ outcome: 'committed' })
      expect(await readFile(join(scene.path, '.git/config'), 'utf8')).toBe(before)
    })

    it('says that the branch moved when the owner commits in the last instant', async () => {
      const by = createLocalCommitter({
        path: scene.path,
        branch: 'main',
        run,
        identity,
        async onStep(step) {
          if (step !== 'ref') return
          const tree = await git(scene.path, 'rev-parse', 'main^{tree}')
          const theirs = await git(scene.path, 'commit-tree', '-p', 'main', '-m', 'theirs', tree)
          await git(scene.path, 'update-ref', 'refs/heads/main', theirs)
        },
      })
      expect(await propose('image: b\n', { by })).toEqual({ outcome: 'moved' })
      expect([await onDisk(), await shown(), await status()]).toEqual([
        'image: a\n',
        'image: a',
        '',
      ])
      expect(await propose()).toMatchObject({ outcome: 'committed' })
    })
  })

  it.runIf(process.geteuid?.() === 0)(
    'is held by an ownership that its objects would break (only root can try)',
    async () => {
      await execa('chown', ['-R', '12345:12345', scene.path])
      expect(await propose()).toMatchObject({
        outcome: 'held',
        reason: expect.stringContaining('belongs to user 12345'),
      })
      await execa('chown', ['-R', '0:0', scene.path])
      expect(await propose()).toMatchObject({ outcome: 'committed' })
    },
  )

  it.each(['../x', '.git/hooks/pre-commit', '/etc/x', 'a/../b'])(
    'refuses to commit the file %j',
    async (file) => {
      await expect(propose('x', { file })).rejects.toMatchObject({ code: 'git' })
    },
  )
})

/** Leaves an operation that waits for somebody to resolve its conflict. */
async function conflict(path: string, kind: 'cherry-pick' | 'revert' | 'rebase'): Promise<void> {
  const commit = async (content: string): Promise<void> => {
    await writeFile(join(path, 'other.yaml'), content)
    await git(path, 'commit', '-qam', content)
  }
  await git(path, 'checkout', '-q', '-b', 'side')
  await commit('side')
  await git(path, 'checkout', '-q', 'main')
  await commit('first')
  await commit('second')
  await git(path, kind, kind === 'revert' ? 'main~1' : 'side').catch(() => undefined)
}
