import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createHooks } from '../../src/adapters/hooks/hooks.ts'
import { createRunChild } from '../../src/host/process.ts'
import { createMemoryHooks } from '../fakes/memory-hooks.ts'
import { hooksContract, type HooksHost } from './hooks.ts'

const failed = (reason: string) => ({ outcome: 'failed', reason, output: '' }) as const

hooksContract('in memory', async () => {
  const hooks = createMemoryHooks()
  hooks.answer('says', { outcome: 'succeeded', output: 'shop in /srv/shop\n' })
  hooks.answer('fails', failed('"fails" exited with 3'))
  hooks.answer('absent', failed('"absent" is not there'))
  hooks.answer('hangs', failed('"hangs" was not done within 0.2 s'))
  return await Promise.resolve({
    hooks,
    directory: '/srv/shop',
    programs: { says: ['says'], fails: ['fails'], absent: ['absent'], hangs: ['hangs'] },
    stop: () => Promise.resolve(),
  })
})

hooksContract('real', async (): Promise<HooksHost> => {
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'mh-')))
  const environment = { PATH: process.env['PATH'], MD_WEBHOOK_SECRET: 'planted' }
  return {
    hooks: createHooks({ run: createRunChild({ environment, grace: 100 }) }),
    directory,
    programs: {
      // A secret of the daemon's own would stand in its output.
      says: ['sh', '-c', 'echo "$MAGOS_STACK in $PWD$MD_WEBHOOK_SECRET"'],
      fails: ['sh', '-c', 'exit 3'],
      absent: ['./not-there'],
      hangs: ['sleep', '30'],
    },
    stop: () => rm(directory, { recursive: true }),
  }
})
