import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { namelessContainers, reconnectContainers } from '../../../src/adapters/engine/networks.ts'
import type { RunChild } from '../../../src/host/process.ts'

const { signal } = new AbortController()
const container = {
  Id: 'a',
  Name: 'shop-web-1',
  NetworkSettings: { Networks: { shop_default: { NetworkID: 'n' } } },
}
const network = {
  name: 'shop_default',
  dns_enabled: true,
  subnets: [{ gateway: '10.89.0.1' }],
}

/** podman with one container on one network, which may be gone. */
function podman(there: boolean, calls: string[] = []): RunChild {
  return async (_command, args) => {
    calls.push(args.join(' '))
    const isNetwork = args[0] === 'network'
    const document = isNetwork ? network : container
    const isGone = isNetwork && args[1] === 'exists' && !there
    return Promise.resolve({
      outcome: 'exited',
      exitCode: isGone ? 1 : 0,
      stdout: args.includes('inspect') ? JSON.stringify([document]) : '',
      stderr: '',
      stdoutBytes: new Uint8Array(),
    })
  }
}

describe('reconnectContainers()', () => {
  it('reloads no container of which a network is gone, for that would take it off the others', async () => {
    const calls: string[] = []
    const engine = { runtime: 'podman', run: podman(false, calls) } as const
    const refused = await reconnectContainers({ engine }, ['a'], signal)
    expect(refused).toEqual(new Map([['a', 'its network "shop_default" is gone']]))
    expect(calls.filter((call) => call.startsWith('network reload'))).toEqual([])
  })

  it('says that docker cannot', async () => {
    const engine = { runtime: 'docker', run: podman(true) } as const
    expect([...(await reconnectContainers({ engine }, ['a'], signal)).keys()]).toEqual(['a'])
  })
})

describe('namelessContainers() of an ordinary user', () => {
  let runtime: string
  beforeEach(async () => {
    runtime = await mkdtemp(join(tmpdir(), 'magos-networks-'))
    await mkdir(join(runtime, 'containers/networks/aardvark-dns'), { recursive: true })
  })
  afterEach(() => rm(runtime, { recursive: true, force: true }))

  const ask = () => {
    const engine = { runtime: 'podman', run: podman(true) } as const
    const runtimeDirectory = join(runtime, 'magos-dominus')
    return namelessContainers({ engine, rootless: true, runtimeDirectory }, ['a'], signal)
  }

  it('finds those whose name server is no process any more', async () => {
    const file = join(runtime, 'containers/networks/aardvark-dns/aardvark.pid')
    // This test's own process is none that answers for names.
    await writeFile(file, `${process.pid}\n`)
    expect(await ask()).toEqual(['a'])
  })

  it('accuses nobody where podman keeps its name server elsewhere', async () => {
    expect(await ask()).toEqual([])
  })
})
