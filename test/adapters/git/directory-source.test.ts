import { execFileSync } from 'node:child_process'
import { chown, mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createDirectorySource } from '../../../src/adapters/git/directory-source.ts'
import type { RunChild } from '../../../src/host/process.ts'
import { contents, sourceContract, type SourceFiles } from '../../contracts/source.ts'
import { git, run, temporaryDirectory, type TemporaryDirectory, withoutGit } from './repository.ts'

async function write(root: string, files: SourceFiles): Promise<string> {
  await rm(root, { recursive: true, force: true })
  for (const [path, file] of Object.entries(files)) {
    const full = join(root, path)
    await mkdir(dirname(full), { recursive: true })
    if (typeof file === 'string' || file instanceof Uint8Array) await writeFile(full, file)
    else if (file.mode === '120000') await symlink(file.content, full)
    else await writeFile(full, file.content, { mode: 0o755 })
  }
  return 'working-tree'
}

sourceContract(
  'a plain directory',
  async () => {
    const { path, dispose } = await temporaryDirectory()
    const root = join(path, 'files')
    return {
      source: createDirectorySource({ path: root, run }),
      put: (files) => write(root, files),
      replace: (files) => write(root, files),
      remove: () => rm(root, { recursive: true }),
      dispose,
    }
  },
  { revisions: 'none' },
)

const signal = (): AbortSignal => AbortSignal.timeout(20_000)

describe('createDirectorySource()', () => {
  let root = ''
  let dispose: TemporaryDirectory['dispose']
  beforeEach(async () => {
    ;({ path: root, dispose } = await temporaryDirectory())
  })
  afterEach(() => dispose())
  const names = async (path = root, child: RunChild = run): Promise<string[]> => {
    const source = createDirectorySource({ path, run: child })
    const entries = await source.tree(await source.head(signal()), signal())
    return entries.map((entry) => entry.path).toSorted()
  }

  it('leaves out .git and node_modules wherever they lie', async () => {
    await write(join(root, 'x'), {
      a: '1',
      'b/node_modules/c': '2',
      'node_modules/d': '3',
      'b/.git/config': '4',
      '.gitignore': '5',
    })
    expect(await names(join(root, 'x'))).toEqual(['.gitignore', 'a'])
  })

  it('leaves out what git ignores in a work tree, and names untracked and changed files', async () => {
    await git(root, 'init', '-q')
    await writeFile(join(root, '.gitignore'), '*.env\n/data\n')
    await writeFile(join(root, 'tracked'), 'old')
    await writeFile(join(root, 'deleted'), 'old')
    await git(root, 'add', '.')
    await git(root, 'commit', '-qm', 'x')
    await rm(join(root, 'deleted'))
    await writeFile(join(root, 'tracked'), 'new')
    await writeFile(join(root, 'secret.env'), 'x')
    await mkdir(join(root, 'data'))
    await writeFile(join(root, 'data/db'), 'x')
    await mkdir(join(root, 'sub'))
    await writeFile(join(root, 'sub/untracked'), 'x')
    expect(await names()).toEqual(['.gitignore', 'sub/untracked', 'tracked'])
    expect(await names(join(root, 'sub'))).toEqual(['untracked'])
    const source = createDirectorySource({ path: root, run })
    expect(await contents(source, await source.head(signal()))).toMatchObject({ tracked: 'new' })
  })

  it('reads on where there is no git program', async () => {
    await git(root, 'init', '-q')
    await writeFile(join(root, '.gitignore'), 'a\n')
    await writeFile(join(root, 'a'), 'x')
    expect(await names(root, withoutGit)).toEqual(['.gitignore', 'a'])
  })

  it('names symlinks without following them, and neither pipes nor sockets', async () => {
    await mkdir(join(root, 'directory'))
    await writeFile(join(root, 'directory/file'), 'x')
    await symlink('directory', join(root, 'link'))
    await symlink('/etc', join(root, 'out'))
    execFileSync('mkfifo', [join(root, 'pipe')])
    expect(await names()).toEqual(['directory/file', 'link', 'out'])
  })

  it('knows a large file by size and time, and still reads it', async () => {
    const large = Buffer.alloc(5 << 20, 'x')
    await writeFile(join(root, 'large'), large)
    const source = createDirectorySource({ path: root, run })
    const [entry] = await source.tree(await source.head(signal()), signal())
    if (entry === undefined) throw new Error('No entry')
    expect(large.equals(await source.read(entry, signal()))).toBe(true)
    const [again] = await source.tree(await source.head(signal()), signal())
    expect(again).toEqual(entry)
    await writeFile(join(root, 'large'), Buffer.alloc((5 << 20) + 1, 'x'))
    const [changed] = await source.tree(await source.head(signal()), signal())
    expect(changed?.oid).not.toBe(entry.oid)
  })

  it('leaves out directories that it may not enter', async () => {
    await mkdir(join(root, 'closed'), { mode: 0o000 })
    await writeFile(join(root, 'open'), 'x')
    expect(await asOrdinaryUser(root, names)).toEqual(['open'])
  })
})

/** Root may enter everything, so it becomes nobody for a moment. */
async function asOrdinaryUser<Answer>(
  directory: string,
  act: () => Promise<Answer>,
): Promise<Answer> {
  if (process.geteuid?.() !== 0) return act()
  const nobody = 65_534
  await chown(directory, nobody, nobody)
  process.seteuid?.(nobody)
  try {
    return await act()
  } finally {
    process.seteuid?.(0)
  }
}
