import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { withEnvFiles } from '../../../src/adapters/compose/env-files.ts'

describe('withEnvFiles()', () => {
  let root: string
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'env-files-'))
    await writeFile(join(root, 'a.env'), 'A=1')
  })
  afterEach(async () => {
    await rm(root, { recursive: true })
  })
  const resolve = async (envFile: unknown) => {
    const services = { web: { image: 'w', env_file: envFile } }
    return (await withEnvFiles({ services }, root)).services['web']?.['env_file']
  }

  it('leaves paths, and of optional files those that are there', async () => {
    const [there, gone] = [join(root, 'a.env'), join(root, 'web/b.env')]
    expect(await resolve(there)).toEqual([there])
    expect(await resolve([{ path: gone, required: false }, { path: there }])).toEqual([there])
    expect(await resolve(null)).toBeUndefined()
  })

  it.each([
    ['web/b.env', (path: string) => join(root, path)],
    ['/nowhere/c.env', (path: string) => path],
  ])('names the one that is not there, %s', async (name, place) => {
    await expect(resolve([join(root, 'a.env'), place(name)])).rejects.toMatchObject({
      code: 'compose',
      message: `Read env_file "${name}" of service "web": it is not there`,
    })
  })
})
