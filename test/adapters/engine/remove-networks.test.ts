import { describe, expect, it } from 'vitest'
import { removeNetworks } from '../../../src/adapters/engine/remove-networks.ts'
import { scriptedRun } from './scripted-run.ts'

const { signal } = new AbortController()
const LIST = 'network ls --filter label=com.docker.compose.project=shop --format {{.Name}}'

describe('removeNetworks()', () => {
  it('asks podman for those of one project, and never forces it', async () => {
    const { run, calls } = scriptedRun((words) => {
      if (words === `podman ${LIST}`) return { stdout: 'shop_default\nshop_back\n' }
      if (words === 'podman network rm shop_default') return { stdout: 'shop_default\n' }
      return { outcome: 'exited', exitCode: 2, stderr: '"shop_back" has associated containers' }
    })
    expect(await removeNetworks({ runtime: 'podman', run }, 'shop', signal)).toEqual([
      'shop_default',
    ])
    expect(calls.map(({ words }) => words)).toEqual([
      `podman ${LIST}`,
      'podman network rm shop_default',
      'podman network rm shop_back',
    ])
  })

  it('asks docker who hangs on each, since it keeps those of running containers alone', async () => {
    const attached = 'docker ps --all --quiet --filter network='
    const { run, calls } = scriptedRun((words) => {
      if (words === `docker ${LIST}`) return { stdout: 'shop_default\nshop_back\nshop_none\n' }
      if (words === `${attached}shop_back`) return { stdout: 'ab12ab12ab12\n' }
      if (words === `${attached}shop_none`) return { outcome: 'exited', exitCode: 1 }
      return {}
    })
    expect(await removeNetworks({ runtime: 'docker', run }, 'shop', signal)).toEqual([
      'shop_default',
    ])
    const removals = calls.filter(({ words }) => words.startsWith('docker network rm'))
    expect(removals.map(({ words }) => words)).toEqual(['docker network rm shop_default'])
  })

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
