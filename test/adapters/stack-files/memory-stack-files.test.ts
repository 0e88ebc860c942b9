import { expect, it } from 'vitest'
import { laid, stackFilesContract } from '../../contracts/stack-files.ts'
import { createMemoryStackFiles } from '../../fakes/memory-stack-files.ts'

stackFilesContract('in memory', async () => {
  const files = createMemoryStackFiles()
  return {
    files,
    write: async (stack, path, content) => files.write(stack, path, content),
    make: async () => {
      files.make('/home/ada/web')
      return await Promise.resolve('/home/ada/web')
    },
    remove: async (stack, path) => files.remove(stack, path),
    list: async (stack) => files.list(stack),
    dispose: async () => undefined,
  }
})

it('createMemoryStackFiles() fails once as it was told, and remembers its reports', async () => {
  const files = createMemoryStackFiles()
  const lay = () => files.lay('web', laid({ a: '1' }), AbortSignal.timeout(1000))
  files.failNext(new Error('told'))
  await expect(lay()).rejects.toThrow('told')
  const report = await lay()
  expect(files.reports).toEqual([{ stack: 'web', report }])
})
