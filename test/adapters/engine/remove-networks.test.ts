import { describe, expect, it } from 'vitest'
import { removeNetworks } from '../../../src/adapters/engine/remove-networks.ts'
import { scriptedRun } from './scripted-run.ts'

const { signal } = new AbortController()
const LIST = 'network ls --filter label=com.docker.compose.project=shop --format {{.Name}}'

describe('removeNetworks()', () => {
  it.each(['podman', 'docker'] as const)(
    'asks %s for those of one project, and never forces it',
    async (runtime) => {
      const { run, calls } = scriptedRun((words) => {
        if (words === `${runtime} ${LIST}`) return { stdout: 'shop_default\nshop_back\n' }
        if (words === `${runtime} network rm shop_default`) return { stdout: 'shop_default\n' }
        return { outcome: 'exited', exitCode: 2, stderr: '"shop_back" has associated containers' }
      })
      expect(await removeNetworks({ runtime, run }, 'shop', signal)).toEqual(['shop_default'])
      expect(calls.map(({ words }) => words)).toEqual([
        `${runtime} ${LIST}`,
        `${runtime} network rm shop_default`,
        `${runtime} network rm shop_back`,
      ])
    },
  )

  it('removes nothing where the engine does not list any, or cannot', async () => {
    const none = scriptedRun(() => ({ stdout: '\n' }))
    expect(await removeNetworks({ runtime: 'podman', run: none.run }, 'shop', signal)).toEqual([])
    expect(none.calls).toHaveLength(1)
    const broken = scriptedRun(() => ({
      outcome: 'exited',
      exitCode: 125,
      stdout: 'shop_default\n',
    }))
    expect(await removeNetworks({ runtime: 'podman', run: broken.run }, 'shop', signal)).toEqual([])
    expect(broken.calls).toHaveLength(1)
  })
})
