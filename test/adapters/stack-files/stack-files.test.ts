import { execFileSync } from 'node:child_process'
import {
  chmod,
  link,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { LayReport, Log, StackFiles } from '../../../src/ports.ts'
import { laid, stackFilesContract } from '../../contracts/stack-files.ts'
import { git } from '../git/repository.ts'
import { createLaboratory, filesBelow, type Laboratory, silent, writeInto } from './laboratory.ts'

stackFilesContract('on disk', async () => {
  const { start, dispose, root } = await createLaboratory()
  const files = start()
  return {
    files,
    write: (stack, path, content) => writeInto(files.home(stack), path, content),
    make: () => mkdtemp(join(root, 'adopted-')),
    remove: (stack, path) => rm(join(files.home(stack), path)),
    list: (stack) => filesBelow(files.home(stack)),
    dispose,
  }
})

const signal = (): AbortSignal => AbortSignal.timeout(20_000)

const asLink = (content: string) => ({ mode: '120000' as const, content })

const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777

describe('createStackFiles()', () => {
  it('knows after a restart what it adopted, and what the configuration says comes first', async () => {
    const { start, dispose, root } = await createLaboratory()
    const directory = await mkdtemp(join(root, 'adopted-'))
    await start().adopt('web', { directory, purpose: 'keep' }, signal())
    expect(start().home('web')).toBe(directory)
    expect(start({ directories: { web: '/srv/web' } }).home('web')).toBe('/srv/web')
    const other = { directory, purpose: 'keep' } as const
    expect(await start().adopt('db', other, signal())).toEqual({
      outcome: 'refused',
      reason: expect.stringContaining('it is the directory of stack "web"'),
    })
    expect(start().home('db')).not.toBe(directory)
    await dispose()
  })

  let lab: Laboratory
  let files: StackFiles
  let home = ''
  beforeEach(async () => {
    lab = await createLaboratory()
    files = lab.start()
    home = files.home('web')
  })
  afterEach(() => lab.dispose())
  const lay = (held: Parameters<typeof laid>[0], by = files): Promise<LayReport> =>
    by.lay('web', laid(held), signal())

  it('keeps directories below the root, and its books beside them', async () => {
    await lay({ a: '1' })
    expect(home).toBe(join(lab.root, 'stacks/web'))
    expect(await readdir(join(lab.root, 'stacks/.magos'))).toEqual(['web.json'])
    expect((await stat(join(lab.root, 'stacks/.magos'))).mode & 0o777).toBe(0o700)
  })

  it('writes modes, whatever the umask, and changes a mode alone', async () => {
    const before = process.umask(0o077)
    try {
      await lay({ 'd/run.sh': { mode: '100755', content: 'x' }, 'd/a': 'x' })
    } finally {
      process.umask(before)
    }
    expect([await modeOf(join(home, 'd/run.sh')), await modeOf(join(home, 'd/a'))]).toEqual([
      0o755, 0o644,
    ])
    expect((await lay({ 'd/run.sh': 'x', 'd/a': 'x' })).written).toEqual(['d/run.sh'])
    expect(await modeOf(join(home, 'd/run.sh'))).toBe(0o644)
  })

  it('writes bytes that are no text', async () => {
    const content = Uint8Array.from({ length: 5000 }, (_value, index) => (index * 31) % 256)
    await files.lay('web', [{ path: 'b', mode: '100644', oid: '', content }], signal())
    expect((await readFile(join(home, 'b'))).equals(content)).toBe(true)
  })

  it('writes symlinks that stay inside, as symlinks, and turns them into files and directories', async () => {
    await lay({ 'a/file': '1', current: asLink('a/file'), 'a/up': asLink('../current') })
    expect(await filesBelow(home)).toEqual({
      'a/file': '1',
      current: '→ a/file',
      'a/up': '→ ../current',
    })
    await lay({ 'a/file': '1', 'current/x': '2', 'a/up': 'plain' })
    expect(await filesBelow(home)).toEqual({ 'a/file': '1', 'current/x': '2', 'a/up': 'plain' })
    await lay({ 'a/file': '1', current: asLink('a') })
    expect(await filesBelow(home)).toEqual({ 'a/file': '1', current: '→ a' })
    expect(await readFile(join(home, 'current/file'), 'utf8')).toBe('1')
  })

  it('removes directories that it made with their last file, and no others', async () => {
    await mkdir(join(home, 'theirs'), { recursive: true })
    await lay({ 'ours/deep/a': '1', 'theirs/b': '1', c: '1' })
    await lay({ c: '1' })
    expect((await readdir(home)).toSorted()).toEqual(['c', 'theirs'])
  })

  it('leaves a directory that holds an untracked file', async () => {
    await lay({ 'conf/a': '1', c: '1' })
    await writeInto(home, 'conf/mine', 'mine')
    await lay({ c: '1' })
    expect(await filesBelow(home)).toEqual({ 'conf/mine': 'mine', c: '1' })
  })

  it('puts a file in the place of an empty directory', async () => {
    // What docker makes when a file that it shall bind is not there.
    await mkdir(join(home, 'conf.yaml'), { recursive: true })
    expect((await lay({ 'conf.yaml': '1' })).written).toEqual(['conf.yaml'])
  })

  it('is held by empty directories of others below the place of a file', async () => {
    await mkdir(join(home, 'conf/volume'), { recursive: true })
    await expect(lay({ conf: '1' })).rejects.toMatchObject({
      code: 'stack',
      remedy: expect.stringContaining('conf/volume'),
    })
  })

  describe('and symlinks of others', () => {
    let outside = ''
    beforeEach(async () => {
      outside = join(lab.root, 'outside')
      await mkdir(outside)
      await mkdir(home, { recursive: true })
      await writeFile(join(outside, 'victim'), 'untouched')
    })

    it('never writes through a symlinked directory: held', async () => {
      await symlink(outside, join(home, 'conf'))
      await expect(lay({ 'conf/victim': 'x', b: '1' })).rejects.toMatchObject({
        code: 'stack',
        message: expect.stringContaining('symbolic link'),
        remedy: expect.stringContaining('conf'),
      })
      expect(await filesBelow(outside)).toEqual({ victim: 'untouched' })
      expect(await filesBelow(home)).toEqual({ conf: `→ ${outside}` })
    })

    it('never removes through a directory that became a symlink', async () => {
      await lay({ 'conf/victim': 'untouched', b: '1' })
      await rm(join(home, 'conf'), { recursive: true })
      await symlink(outside, join(home, 'conf'))
      await lay({ b: '2' })
      expect(await filesBelow(outside)).toEqual({ victim: 'untouched' })
    })

    it('replaces a symlink in the place of a file without touching its target', async () => {
      await symlink(join(outside, 'victim'), join(home, 'a'))
      expect((await lay({ a: 'git' })).kept).toEqual([{ path: 'a', savedAs: 'a.before-magos-1' }])
      expect(await filesBelow(outside)).toEqual({ victim: 'untouched' })
      expect(await filesBelow(home)).toMatchObject({
        a: 'git',
        'a.before-magos-1': `→ ${join(outside, 'victim')}`,
      })
    })

    it('does not follow one that appears in the last instant', async () => {
      await lay({ 'conf/victim': '1' })
      let swapped = false
      const racing = lab.start({
        async onStep(step) {
          if (step !== 'journal' || swapped) return
          swapped = true
          await rename(join(home, 'conf'), join(home, 'elsewhere'))
          await symlink(outside, join(home, 'conf'))
        },
      })
      await expect(lay({ 'conf/victim': '2' }, racing)).rejects.toMatchObject({ code: 'stack' })
      expect(await filesBelow(outside)).toEqual({ victim: 'untouched' })
    })

    it('reads through one that stays inside, and refuses one that leads out', async () => {
      await writeInto(home, 'real.env', 'A=1')
      await symlink('real.env', join(home, '.env'))
      await symlink(join(outside, 'victim'), join(home, 'out'))
      await symlink(outside, join(home, 'outdir'))
      expect(Buffer.from((await files.read('web', '.env', signal())) ?? []).toString()).toBe('A=1')
      for (const path of ['out', 'outdir/victim']) {
        await expect(files.read('web', path, signal())).rejects.toMatchObject({
          code: 'stack',
          message: expect.not.stringContaining('untouched'),
        })
      }
      await expect(files.read('web', '../outside/victim', signal())).rejects.toMatchObject({
        code: 'stack',
      })
    })
  })

  it('looks again when somebody writes between its look and its hand', async () => {
    await lay({ a: '1' })
    let edits = 0
    const racing = lab.start({
      async onStep(step) {
        if (step === 'journal' && (edits += 1) === 1) await writeFile(join(home, 'a'), 'mine')
      },
    })
    const report = await lay({ a: '2' }, racing)
    expect(report.kept).toEqual([{ path: 'a', savedAs: 'a.before-magos-1' }])
    expect(await filesBelow(home)).toEqual({ a: '2', 'a.before-magos-1': 'mine' })
  })

  it('gives up on a file that somebody never stops changing', async () => {
    let edits = 0
    const racing = lab.start({
      async onStep(step) {
        if (step === 'journal') await writeInto(home, 'a', `mine ${(edits += 1)}`)
      },
    })
    await expect(lay({ a: '2' }, racing)).rejects.toMatchObject({
      code: 'stack',
      message: expect.stringContaining('keeps changing'),
    })
    expect(await readFile(join(home, 'a'), 'utf8')).toBe('mine 5')
  })

  it('never overwrites a name that it could keep bytes under', async () => {
    const long = 'x'.repeat(240)
    await writeInto(home, `${long}1`, 'first')
    await writeInto(home, `${long}2`, 'second')
    await writeInto(home, 'a', 'third')
    await writeInto(home, 'a.before-magos-1', 'older')
    await lay({ [`${long}1`]: 'git', [`${long}2`]: 'git', a: 'git' })
    const texts = Object.values(await filesBelow(home))
    expect(texts).toEqual(expect.arrayContaining(['first', 'second', 'third', 'older']))
  })

  it('starts anew with a broken manifest: nothing is lost, and it says so', async () => {
    await lay({ a: '1', b: '1' })
    await writeFile(join(lab.root, 'stacks/.magos/web.json'), '{"version":1,')
    const warnings: string[] = []
    const log: Log = { ...silent, warn: (_fields, message) => warnings.push(message) }
    const report = await lay({ a: '2' }, lab.start({ log }))
    expect(report.kept).toEqual([{ path: 'a', savedAs: 'a.before-magos-1' }])
    expect(await filesBelow(home)).toEqual({ a: '2', 'a.before-magos-1': '1', b: '1' })
    expect(warnings).toHaveLength(1)
  })

  it('serves one call after the other', async () => {
    const all = Array.from({ length: 8 }, (_value, index) =>
      lay({ a: `${index}`, [`f${index}`]: '' }),
    )
    await Promise.all(all)
    expect(await filesBelow(home)).toEqual({ a: '7', f7: '' })
  })

  it('is held by a pipe, without waiting for it', async () => {
    await mkdir(home, { recursive: true })
    execFileSync('mkfifo', [join(home, 'a')])
    await expect(lay({ a: '1' })).rejects.toMatchObject({ code: 'stack' })
    await expect(files.read('web', 'a', signal())).rejects.toMatchObject({ code: 'stack' })
  })

  it('makes what lies wrong in one directory the fault of its stack, and names the place', async () => {
    await mkdir(join(home, '.env'), { recursive: true })
    await expect(files.read('web', '.env', signal())).rejects.toMatchObject({
      code: 'stack',
      message: `Read "${join(home, '.env')}": it is no regular file`,
    })
    await writeFile(join(lab.root, 'stacks/other'), 'a file where a directory belongs')
    await expect(files.lay('other', laid({ a: '1' }), signal())).rejects.toMatchObject({
      code: 'stack',
    })
  })

  it('lays nobody the fault of a full disk on a stack', async () => {
    const full = lab.start({
      onStep: (step) => {
        if (step === 'write') throw Object.assign(new Error('full'), { code: 'ENOSPC' })
      },
    })
    await expect(lay({ a: '1' }, full)).rejects.toMatchObject({
      code: 'storage',
      remedy: 'Free some space; nothing is lost',
    })
  })

  it('keeps a hard-linked file of somebody whole', async () => {
    await mkdir(home, { recursive: true })
    await writeFile(join(lab.root, 'shared'), 'theirs')
    await link(join(lab.root, 'shared'), join(home, 'a'))
    await lay({ a: 'git' })
    expect(await readFile(join(lab.root, 'shared'), 'utf8')).toBe('theirs')
  })

  it.each(['', '.', '..', '.magos', '-x', 'a/b', 'x'.repeat(201), 'a\0b'])(
    'refuses %j as the name of a stack',
    async (stack) => {
      expect(() => files.home(stack)).toThrow(/Find the directory of stack/u)
      await expect(files.lay(stack, [], signal())).rejects.toMatchObject({ code: 'stack' })
    },
  )

  describe('with a directory of its own', () => {
    let own = ''
    beforeEach(async () => {
      own = join(lab.root, 'srv/web')
      await mkdir(own, { recursive: true })
    })

    it('lays there, and nowhere else', async () => {
      const named = lab.start({ directories: { web: own } })
      expect(named.home('web')).toBe(own)
      await writeInto(own, 'data/db', 'rows')
      await lay({ a: '1' }, named)
      expect(await filesBelow(own)).toEqual({ a: '1', 'data/db': 'rows' })
      expect(await readdir(join(lab.root, 'stacks'))).toEqual(['.magos'])
    })

    it('leaves the old directory as it is when the stack moves, and takes the new one as it finds it', async () => {
      await lay({ a: '1' })
      await writeInto(own, 'a', 'other')
      const named = lab.start({ directories: { web: own } })
      expect((await lay({ a: '2' }, named)).kept).toHaveLength(1)
      expect(await filesBelow(home)).toEqual({ a: '1' })
    })

    it('refuses a home that another stack has', async () => {
      const shared = lab.start({ directories: { web: own, db: own } })
      expect(() => shared.home('web')).toThrow(/directory of stack "db"/u)
      const taken = lab.start({ directories: { web: join(lab.root, 'stacks/db') } })
      await taken.lay('web', laid({ a: '1' }), signal())
      await expect(taken.lay('db', laid({ a: '2' }), signal())).rejects.toMatchObject({
        code: 'configuration',
        message: expect.stringContaining('"web"'),
      })
      await symlink(own, join(lab.root, 'alias'))
      const aliased = lab.start({ directories: { web: own, db: join(lab.root, 'alias') } })
      await lay({ a: '1' }, aliased)
      await expect(aliased.lay('db', laid({ a: '2' }), signal())).rejects.toMatchObject({
        code: 'configuration',
      })
      expect(await filesBelow(own)).toEqual({ a: '1' })
    })

    it.each(['relative', 'stacks', 'stacks/.magos/x'])('refuses %j as a home', (path) => {
      const full = path === 'relative' ? path : join(lab.root, path)
      expect(() => lab.start({ directories: { web: full } }).home('web')).toThrow(/absolute path/u)
    })

    describe("in somebody's git work tree", () => {
      let named: StackFiles
      beforeEach(async () => {
        await git(own, 'init', '-q', '-b', 'main')
        await writeInto(own, 'compose.yaml', 'image: a\n')
        await writeInto(own, 'run.sh', 'exit\n')
        await chmod(join(own, 'run.sh'), 0o755)
        await git(own, 'add', '.')
        await git(own, 'commit', '-qm', 'x')
        named = lab.start({ directories: { web: own } })
      })

      it('writes what is clean, without a second copy', async () => {
        const report = await lay(
          { 'compose.yaml': 'image: b\n', 'run.sh': { mode: '100755', content: 'exit 1\n' } },
          named,
        )
        expect(report.kept).toEqual([])
        expect(await git(own, 'status', '--porcelain')).toBe(' M compose.yaml\n M run.sh')
        // Ours until somebody else changes it, so the next revision may come.
        await lay({ 'compose.yaml': 'image: c\n' }, named)
        expect(await readFile(join(own, 'compose.yaml'), 'utf8')).toBe('image: c\n')
      })

      it.each<[string, () => Promise<unknown>]>([
        ['changed', () => writeInto(own, 'compose.yaml', 'mine\n')],
        [
          'staged',
          async () => {
            await writeInto(own, 'compose.yaml', 'mine\n')
            await git(own, 'add', '.')
          },
        ],
        ['of another mode', () => chmod(join(own, 'compose.yaml'), 0o755)],
        [
          'untracked',
          async () => {
            await git(own, 'rm', '-q', '--cached', 'compose.yaml')
            await git(own, 'commit', '-qm', 'untrack')
          },
        ],
      ])('is held by a file that is %s there', async (_title, disturb) => {
        await disturb()
        const before = await filesBelow(own)
        await expect(lay({ new: '1', 'compose.yaml': 'image: b\n' }, named)).rejects.toMatchObject({
          code: 'stack',
          message: expect.stringMatching(/"compose\.yaml".*held.*not clean/u),
          remedy: expect.stringContaining('compose.yaml'),
        })
        const { index: _before, ...rest } = before
        expect(await filesBelow(own)).toMatchObject(rest)
        expect((await lstat(join(own, 'compose.yaml'))).isFile()).toBe(true)
        expect(await readdir(own)).not.toContain('new')
      })
    })
  })
})
