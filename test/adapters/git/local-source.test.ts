import { chown, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createLocalSource } from '../../../src/adapters/git/local-source.ts'
import type { RunChild } from '../../../src/host/process.ts'
import { ancestryContract } from '../../contracts/ancestry.ts'
import { contents, sourceContract, type SourceFixture } from '../../contracts/source.ts'
import {
  git,
  gitEnvironment,
  putCommit,
  run,
  temporaryDirectory,
  type TemporaryDirectory,
  withoutGit,
  writers,
} from './repository.ts'

async function fixture(kind: 'bare' | 'work-tree'): Promise<SourceFixture> {
  const { path: root, dispose } = await temporaryDirectory()
  const path = join(root, 'repository')
  await git(root, 'init', '-q', '-b', 'main', ...(kind === 'bare' ? ['--bare'] : []), path)
  const gitDir = kind === 'bare' ? path : join(path, '.git')
  return {
    source: createLocalSource({ path, branch: 'main', run }),
    put: (files) => putCommit(gitDir, 'main', files),
    replace: (files) => putCommit(gitDir, 'main', files, { on: 'nothing' }),
    async remove() {
      await git(path, 'update-ref', '-d', 'refs/heads/main')
    },
    dispose,
  }
}

ancestryContract('a local repository', async () => {
  const { path: root, dispose } = await temporaryDirectory()
  const path = join(root, 'repository')
  await git(root, 'init', '-q', '-b', 'main', '--bare', path)
  const source = createLocalSource({ path, branch: 'main', run })
  return { source, ancestry: source, ...writers(path), dispose }
})
sourceContract('a bare repository', () => fixture('bare'))
sourceContract('a work tree', () => fixture('work-tree'))

const signal = (): AbortSignal => AbortSignal.timeout(20_000)

describe('createLocalSource()', () => {
  let root = ''
  let dispose: TemporaryDirectory['dispose']
  let path = ''
  let count = 0
  beforeAll(async () => {
    ;({ path: root, dispose } = await temporaryDirectory())
  })
  afterAll(() => dispose())
  beforeEach(async () => {
    path = join(root, `r${(count += 1)}`)
    await git(root, 'init', '-q', '-b', 'trunk', path)
    await putCommit(join(path, '.git'), 'trunk', { a: '1\n' })
  })

  it('watches the branch that HEAD named when it was first asked', async () => {
    const source = createLocalSource({ path, branch: null, run })
    expect(await source.branchName(signal())).toBe('trunk')
    await putCommit(join(path, '.git'), 'feature', { b: '2\n' })
    await git(path, 'checkout', '-q', 'feature')
    expect(await source.branchName(signal())).toBe('trunk')
    expect(await contents(source, await source.head(signal()))).toEqual({ a: '1\n' })
  })

  it('refuses a detached HEAD without a branch of its own', async () => {
    await git(path, 'checkout', '-q', '--detach', 'trunk')
    const source = createLocalSource({ path, branch: null, run })
    await expect(source.head(signal())).rejects.toMatchObject({
      code: 'git',
      remedy: expect.stringContaining('MD_BRANCH'),
    })
  })

  it('reads through a symlink, a ".git" directory and a linked work tree', async () => {
    await symlink(path, `${path}-link`)
    await git(path, 'worktree', 'add', '-q', '-b', 'other', `${path}-linked`)
    for (const name of [`${path}-link`, join(path, '.git'), `${path}-linked`]) {
      const source = createLocalSource({ path: name, branch: 'trunk', run })
      expect(await contents(source, await source.head(signal()))).toEqual({ a: '1\n' })
    }
  })

  it('never takes a repository further up', async () => {
    await mkdir(join(path, 'inner'))
    const source = createLocalSource({ path: join(path, 'inner'), branch: 'trunk', run })
    await expect(source.head(signal())).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringContaining('is not a git repository'),
    })
  })

  it('says that there is no such directory', async () => {
    const source = createLocalSource({ path: join(root, 'absent'), branch: null, run })
    await expect(source.head(signal())).rejects.toMatchObject({
      code: 'not-found',
      remedy: expect.stringContaining('MD_REPO'),
    })
  })

  it('says that there is no git', async () => {
    const source = createLocalSource({ path, branch: 'trunk', run: withoutGit })
    await expect(source.head(signal())).rejects.toMatchObject({
      code: 'git',
      remedy: expect.stringContaining('Install'),
    })
  })

  it.each([
    '--upload-pack=touch x',
    '-x',
    'a..b',
    'a b',
    'x@{1}',
    'a/.b',
    'a.lock',
    '',
    'refs/heads/a',
    'HEAD',
    'a\nb',
    'a*',
  ])('refuses %j as a branch', async (branch) => {
    const source = createLocalSource({ path, branch, run })
    await expect(source.head(signal())).rejects.toMatchObject({ code: 'configuration' })
  })

  it('refuses a branch that stands for another', async () => {
    await git(path, 'symbolic-ref', 'refs/heads/alias', 'refs/heads/trunk')
    const source = createLocalSource({ path, branch: 'alias', run })
    await expect(source.head(signal())).rejects.toMatchObject({
      message: expect.stringContaining('refs/heads/trunk'),
    })
  })

  it.runIf(process.geteuid?.() === 0)('reads a repository of another user', async () => {
    await execa('chown', ['-R', '12345:12345', path])
    await expect(
      execa('git', ['-C', path, 'status'], { env: gitEnvironment, extendEnv: false }),
    ).rejects.toThrow('dubious ownership')
    const source = createLocalSource({ path, branch: 'trunk', run })
    expect(await contents(source, await source.head(signal()))).toEqual({ a: '1\n' })
    await chown(path, 0, 0)
  })

  it('runs nothing that the repository configures', async () => {
    const planted = join(root, 'planted')
    const script = join(root, 'plant.sh')
    await writeFile(script, `#!/bin/sh\ntouch ${planted}\n`, { mode: 0o755 })
    for (const key of ['core.fsmonitor', 'core.sshCommand', 'core.pager', 'diff.external']) {
      await git(path, 'config', key, script)
    }
    await git(path, 'config', 'filter.evil.smudge', script)
    await git(path, 'config', 'filter.evil.clean', script)
    await putCommit(join(path, '.git'), 'trunk', { '.gitattributes': '* filter=evil\n', a: '1\n' })
    const source = createLocalSource({ path, branch: 'trunk', run })
    await contents(source, await source.head(signal()))
    await expect(execa('test', ['-e', planted])).rejects.toThrow('exit code 1')
  })

  it('reads a SHA-256 repository', async () => {
    const other = `${path}-256`
    await git(root, 'init', '-q', '-b', 'trunk', '--object-format=sha256', other)
    await putCommit(join(other, '.git'), 'trunk', { a: '1\n' })
    const source = createLocalSource({ path: other, branch: null, run })
    const head = await source.head(signal())
    expect(head.commit).toHaveLength(64)
    expect(await contents(source, head)).toEqual({ a: '1\n' })
  })

  it('shares one child among reads of one turn', async () => {
    let children = 0
    const counted: RunChild = (command, args, options) => {
      children += 1
      return run(command, args, options)
    }
    const files = Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`f${n}`, `${n}\n`]))
    await putCommit(join(path, '.git'), 'trunk', files)
    const source = createLocalSource({ path, branch: 'trunk', run: counted })
    const entries = await source.tree(await source.head(signal()), signal())
    children = 0
    const one = signal()
    await Promise.all(entries.map((entry) => source.read(entry, one)))
    expect(children).toBe(1)
  })

  it('says that a submodule has no files here', async () => {
    const commit = await git(path, 'rev-parse', 'trunk')
    await git(path, 'update-index', '--add', '--cacheinfo', `160000,${commit},sub`)
    await git(path, 'commit', '-qm', 'sub')
    const source = createLocalSource({ path, branch: 'trunk', run })
    const entries = await source.tree(await source.head(signal()), signal())
    const sub = entries.find((entry) => entry.path === 'sub')
    expect(sub?.mode).toBe('160000')
    if (sub === undefined) return
    await expect(source.read({ ...sub, oid: '2'.repeat(40) }, signal())).rejects.toMatchObject({
      message: expect.stringContaining('submodule'),
    })
  })
})
