import { lstat, mkdtemp, readFile, readdir, readlink, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { writePrivateCopy } from '../../../src/adapters/compose/private-copy.ts'
import type { StackInput } from '../../../src/ports.ts'

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mc-'))
})
afterEach(async () => {
  await rm(directory, { recursive: true })
})

describe('writePrivateCopy()', () => {
  it('lays files down for this user alone, and keeps executables and links', async () => {
    await writePrivateCopy(directory, [
      input('apps/web/link.env', 'app.env', '120000'),
      input('apps/web/app.env', 'A=1\n'),
      input('apps/web/run.sh', '#!/bin/sh\n', '100755'),
      input('apps/web/sub', 'abc', '160000'),
    ])
    const at = (path: string) => join(directory, 'apps/web', path)
    expect(await readFile(at('link.env'), 'utf8')).toBe('A=1\n')
    expect(await readlink(at('link.env'))).toBe('app.env')
    expect((await stat(at('app.env'))).mode & 0o777).toBe(0o600)
    expect((await stat(at('run.sh'))).mode & 0o777).toBe(0o700)
    expect((await lstat(at('.'))).mode & 0o777).toBe(0o700)
    expect(await readdir(at('.'))).toEqual(['app.env', 'link.env', 'run.sh'])
  })

  it.each([
    ['a path that leads out', input('../out', 'x')],
    ['a path that leads out later', input('a/../../out', 'x')],
    ['an absolute path', input('/out', 'x')],
    ['an absolute link', input('link', '/etc/passwd', '120000')],
    ['a link that leads out', input('a/link', '../../out', '120000')],
  ])('refuses %s and names it', async (_name, bad) => {
    const writing = writePrivateCopy(directory, [bad])
    await expect(writing).rejects.toMatchObject({ code: 'stack', place: { file: bad.path } })
    expect(await readdir(directory)).toEqual([])
  })

  it.each([
    ['the file system takes no such name', [input('x'.repeat(300), '')]],
    ['a file stands where a folder belongs', [input('a', ''), input('a/b', '')]],
  ])('lays it on the stack that %s', async (_name, inputs) => {
    const writing = writePrivateCopy(directory, inputs)
    const file = inputs.at(-1)?.path
    await expect(writing).rejects.toMatchObject({ code: 'stack', place: { file } })
  })
})

function input(path: string, text: string, mode: StackInput['mode'] = '100644'): StackInput {
  return { path, mode, content: Buffer.from(text) }
}
