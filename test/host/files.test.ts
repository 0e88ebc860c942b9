import { execFileSync } from 'node:child_process'
import {
  chown,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  ensurePrivateDirectory,
  inDirectory,
  nearestHolding,
  pathProblem,
  readFileSafely,
  writeFileSafely,
} from '../../src/host/files.ts'

let root = ''
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'magos-files-')))
})
afterEach(async () => {
  await rm(root, { recursive: true, force: true })
})

describe('writeFileSafely()', () => {
  it('writes content and mode, whatever the umask', async () => {
    const path = join(root, 'a')
    const before = process.umask(0o077)
    try {
      await writeFileSafely(path, 'x', 0o755)
    } finally {
      process.umask(before)
    }
    expect(await readFile(path, 'utf8')).toBe('x')
    expect((await stat(path)).mode & 0o777).toBe(0o755)
    expect(await readdir(root)).toEqual(['a'])
  })

  it('replaces a symlink instead of following it', async () => {
    await writeFile(join(root, 'victim'), 'untouched')
    await symlink('victim', join(root, 'a'))
    await writeFileSafely(join(root, 'a'), 'x', 0o644)
    expect(await readFile(join(root, 'victim'), 'utf8')).toBe('untouched')
    expect((await lstat(join(root, 'a'))).isFile()).toBe(true)
  })

  it('refuses a temporary name that somebody made beforehand', async () => {
    await symlink('/etc/passwd', join(root, 'tmp'))
    const attempt = writeFileSafely(join(root, 'a'), 'x', 0o644, { temporary: 'tmp' })
    await expect(attempt).rejects.toMatchObject({ code: 'storage' })
  })

  it.each(['create', 'write', 'sync', 'rename'])(
    'leaves the old file whole when it ends before "%s"',
    async (step) => {
      const path = join(root, 'a')
      await writeFile(path, 'old')
      const onStep = (now: string): void => {
        if (now === step) throw new Error('ended')
      }
      await expect(writeFileSafely(path, 'new', 0o644, { onStep })).rejects.toThrow('ended')
      expect(await readFile(path, 'utf8')).toBe('old')
      expect(await readdir(root)).toEqual(['a'])
    },
  )

  it('says what the disk said, with the path', async () => {
    const attempt = writeFileSafely(join(root, 'no/such/a'), 'x', 0o644)
    await expect(attempt).rejects.toMatchObject({
      name: 'MagosError',
      code: 'storage',
      message: expect.stringContaining('no/such/a'),
    })
  })
})

describe('ensurePrivateDirectory()', () => {
  it('makes parents and closes the directory to others', async () => {
    const path = join(root, 'a/b')
    await ensurePrivateDirectory(path)
    expect((await stat(path)).mode & 0o777).toBe(0o700)
    await ensurePrivateDirectory(path)
  })

  it('closes a directory of ours that stood open', async () => {
    await mkdir(join(root, 'a'), { mode: 0o755 })
    await ensurePrivateDirectory(join(root, 'a'))
    expect((await stat(join(root, 'a'))).mode & 0o077).toBe(0)
  })

  it.runIf(process.geteuid?.() === 0)("refuses somebody else's directory", async () => {
    await mkdir(join(root, 'a'))
    await chown(join(root, 'a'), 12_345, 12_345)
    await symlink('a', join(root, 'link'))
    for (const name of ['a', 'link']) {
      await expect(ensurePrivateDirectory(join(root, name))).rejects.toMatchObject({
        code: 'storage',
        message: expect.stringContaining('belongs to user 12345'),
      })
    }
  })
})

describe('readFileSafely()', () => {
  it('returns null for what is absent and bytes for what is there', async () => {
    await writeFile(join(root, 'a'), 'x')
    expect(await readFileSafely(join(root, 'b'))).toBeNull()
    expect(await readFileSafely(join(root, 'a/b'))).toBeNull()
    expect(Buffer.from((await readFileSafely(join(root, 'a'))) ?? []).toString()).toBe('x')
  })

  it('refuses symlinks, directories, pipes and too many bytes', async () => {
    await symlink('/etc/passwd', join(root, 'link'))
    await mkdir(join(root, 'directory'))
    await writeFile(join(root, 'big'), '12345')
    execFileSync('mkfifo', [join(root, 'pipe')])
    for (const name of ['link', 'directory', 'pipe', 'big']) {
      await expect(readFileSafely(join(root, name), { maxBytes: 4 })).rejects.toMatchObject({
        code: 'storage',
      })
    }
  })
})

describe('inDirectory()', () => {
  const stop = {}

  it('makes what is missing, or answers null', async () => {
    expect(await inDirectory(root, ['a', 'b'], stop, () => Promise.resolve(1))).toBeNull()
    await inDirectory(root, ['a', 'b'], { missing: 'make' }, async (here) => {
      await writeFile(join(here, 'file'), 'x')
    })
    expect(await readFile(join(root, 'a/b/file'), 'utf8')).toBe('x')
  })

  it('refuses a symlink in place of a part', async () => {
    await mkdir(join(root, 'outside'))
    await symlink('outside', join(root, 'a'))
    for (const missing of ['make', 'stop'] as const) {
      const attempt = inDirectory(root, ['a'], { missing }, () => Promise.resolve(1))
      await expect(attempt).rejects.toThrow(/ELOOP|ENOTDIR/u)
    }
  })

  it('stays in the directory that it entered when a parent is swapped for a symlink', async () => {
    await mkdir(join(root, 'a/b'), { recursive: true })
    await mkdir(join(root, 'outside/b'), { recursive: true })
    await inDirectory(root, ['a', 'b'], stop, async (here) => {
      await rename(join(root, 'a'), join(root, 'moved'))
      await symlink('outside', join(root, 'a'))
      await writeFile(join(here, 'file'), 'x')
    })
    expect(await readdir(join(root, 'outside/b'))).toEqual([])
    expect(await readdir(join(root, 'moved/b'))).toEqual(['file'])
  })

  it('passes on what fails inside', async () => {
    const attempt = inDirectory(root, [], stop, (here) => readFile(join(here, 'absent')))
    await expect(attempt).rejects.toThrow('ENOENT')
  })
})

describe('nearestHolding()', () => {
  it('finds the closest directory at or above', async () => {
    await mkdir(join(root, 'a/b'), { recursive: true })
    await writeFile(join(root, 'a/marker-of-test'), '')
    expect(await nearestHolding(join(root, 'a/b'), 'marker-of-test')).toBe(join(root, 'a'))
    expect(await nearestHolding(join(root, 'a'), 'marker-of-test')).toBe(join(root, 'a'))
    expect(await nearestHolding(root, 'marker-of-test')).toBeNull()
  })
})

describe('pathProblem()', () => {
  it.each(['a', 'a/b.yaml', '.gitignore', '.github/x', 'a..b/...', '-x', 'ü/漢'])(
    'accepts %j',
    (path) => {
      expect(pathProblem(path)).toBeNull()
    },
  )

  it.each([
    '',
    '/a',
    '../a',
    'a/../b',
    'a/./b',
    'a//b',
    'a/',
    '.git/hooks/x',
    'a/.GIT',
    'a/.git./b',
    'GIT~1/x',
    'a\0b',
    'x'.repeat(256),
  ])('refuses %j', (path) => {
    expect(pathProblem(path)).toBeTypeOf('string')
  })
})
