import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sweepPrivateDirectories, withPrivateDirectory } from '../../src/host/private-directory.ts'
import { startTimeOf } from '../../src/host/process-group.ts'

let parent: string

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'mp-'))
})
afterEach(async () => {
  await rm(parent, { recursive: true })
})

describe('withPrivateDirectory()', () => {
  it('gives a directory for this user alone, and removes it with what is in it', async () => {
    await withPrivateDirectory(parent, async (directory) => {
      expect((await stat(directory)).mode & 0o777).toBe(0o700)
      await writeFile(join(directory, 'secret'), 'x')
    })
    expect(await readdir(parent)).toEqual([])
  })

  it('removes it when its use fails', async () => {
    const failing = withPrivateDirectory(parent, async () => {
      throw await Promise.resolve(new Error('failed'))
    })
    await expect(failing).rejects.toThrow('failed')
    expect(await readdir(parent)).toEqual([])
  })

  it('throws `storage` with a remedy where it cannot be made', async () => {
    const making = withPrivateDirectory('/no/such/parent', async () => await Promise.resolve())
    await expect(making).rejects.toMatchObject({
      code: 'storage',
      remedy: expect.stringMatching(/\w/),
    })
  })
})

describe('sweepPrivateDirectories()', () => {
  it('removes those of dead processes, and of others with their pid, alone', async () => {
    const start = startTimeOf(process.pid) ?? 0
    const ours = `magos-${process.pid}-${start}-aaaaaa`
    for (const name of [ours, `magos-${process.pid}-1-b`, 'magos-4194303-1-c', 'other']) {
      await mkdir(join(parent, name, 'deep'), { recursive: true })
    }
    sweepPrivateDirectories(parent)
    expect((await readdir(parent)).toSorted()).toEqual([ours, 'other'].toSorted())
  })

  it('has nothing to do where nothing was ever made', () => {
    expect(() => sweepPrivateDirectories('/no/such/parent')).not.toThrow()
  })
})
