import { describe, expect, it } from 'vitest'
import { chooseNetwork } from '../../../src/adapters/engine/network.ts'

const slirp = { slirp4netns: { executable: '/usr/bin/slirp4netns', version: '1.2.0' } }
const pasta = { pasta: { executable: '/usr/bin/pasta', version: '2024' } }
/** As Debian 13's podman 5.4.2 tells of its helpers, here or not. */
const trixie = {
  rootlessNetworkCmd: 'pasta',
  slirp4netns: {
    executable: '/usr/bin/slirp4netns',
    package: 'slirp4netns_1.2.1-1.1_amd64',
    version: 'slirp4netns version 1.2.1\nlibslirp: 4.8.0',
  },
  pasta: {
    executable: '/usr/bin/pasta',
    package: 'passt_0.0~git20250503.587980c-2+deb13u1_amd64',
    version: '',
  },
}
const absent = { executable: '', package: '', version: '' }
const none = { slirp4netns: { executable: '', package: '', version: '' } }

/** As `podman info --format json` prints it; what a version does not know is absent. */
function info(version: string, host: object, rootless = true): string {
  return JSON.stringify({
    host: { security: { rootless }, ...host },
    version: { Version: version },
  })
}

describe('chooseNetwork()', () => {
  it.each([
    ['4.3.1', slirp, 'usual slirp4netns'],
    ['4.3.1', { ...slirp, ...pasta }, 'usual slirp4netns'],
    ['4.3.1', none, 'none'],
    ['4.3.1', { ...none, ...pasta }, 'none'],
    ['4.9.3', { ...slirp, ...pasta, rootlessNetworkCmd: 'slirp4netns' }, 'usual slirp4netns'],
    ['4.9.3', { ...slirp, ...pasta, rootlessNetworkCmd: 'pasta' }, 'usual pasta'],
    ['4.9.3', { ...none, ...pasta, rootlessNetworkCmd: 'slirp4netns' }, 'other pasta'],
    ['4.9.3', { ...slirp, rootlessNetworkCmd: 'pasta' }, 'other slirp4netns'],
    ['4.5.0', { ...none, ...pasta }, 'none'],
    ['4.9.3', none, 'none'],
    ['5.4.2', trixie, 'usual pasta'],
    ['5.4.2', { ...trixie, slirp4netns: absent }, 'usual pasta'],
    ['5.4.2', { ...trixie, pasta: absent }, 'other slirp4netns'],
    ['5.4.2', { ...trixie, rootlessNetworkCmd: 'slirp4netns' }, 'usual slirp4netns'],
    ['5.4.2', { ...trixie, rootlessNetworkCmd: 'slirp4netns', slirp4netns: absent }, 'other pasta'],
    ['5.4.2', { ...trixie, pasta: absent, slirp4netns: absent }, 'none'],
    ['6.0.0', { ...pasta, rootlessNetworkCmd: 'pasta' }, 'usual pasta'],
    ['6.0.0', { ...slirp, rootlessNetworkCmd: 'pasta' }, 'none'],
  ])('of podman %s with %j: %s', (version, host, expected) => {
    const choice = chooseNetwork(info(version, host))
    const by = choice !== null && 'by' in choice ? ` ${choice.by}` : ''
    expect(`${choice?.outcome}${by}`).toBe(expected)
  })

  it('leaves root’s podman its bridge, whatever is installed', () => {
    for (const version of ['4.3.1', '5.4.2', '6.0.0']) {
      expect(chooseNetwork(info(version, none, false))).toEqual({ outcome: 'usual', by: 'bridge' })
    }
  })

  it('tells what to install', () => {
    expect(chooseNetwork(info('6.0.0', slirp))).toMatchObject({
      reason: expect.stringContaining('podman 6.0.0 wants pasta'),
      remedy: 'sudo apt install passt',
    })
    expect(chooseNetwork(info('4.3.1', none))).toMatchObject({
      remedy: 'sudo apt install slirp4netns',
    })
  })

  it.each(['', 'no JSON', '{}', '[]'])('is null for %j', (text) => {
    expect(chooseNetwork(text)).toBeNull()
  })
})
