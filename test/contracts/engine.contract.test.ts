import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseImageReference } from '../../src/domain/image-reference.ts'
import { createMemoryCompose } from '../fakes/memory-compose.ts'
import { createMemoryEngine, createMemoryHost } from '../fakes/memory-engine.ts'
import { composeContract } from './compose.ts'
import type { EngineHost } from './engine-host.ts'
import { engineContract } from './engine.ts'

engineContract('in memory', startMemoryHost)
composeContract('in memory', startMemoryHost)

async function startMemoryHost(): Promise<EngineHost> {
  const runtimeDirectory = await mkdtemp(join(tmpdir(), 'mm-'))
  const clock = {
    now: () => Date.now(),
    sleep: async (ms: number, signal: AbortSignal) => await sleep(ms, undefined, { signal }),
  }
  const host = createMemoryHost(clock, { check: 20, crash: 10, look: 5 })
  const absent = `example.org/lab/none:1@sha256:${'0'.repeat(64)}`
  host.behave(absent, 'pull-fails')
  let serial = 0
  return {
    engine: createMemoryEngine(host),
    compose: createMemoryCompose(host),
    pullOptions: { credential: null, plainHttp: false },
    runtimeDirectory,
    async publish(behaviour) {
      serial += 1
      const digest = serial.toString(16).padStart(64, '0')
      const image = `example.org/lab/${behaviour}:${serial}@sha256:${digest}`
      host.behave(image, behaviour)
      return await Promise.resolve(parseImageReference(image))
    },
    byHand: {
      stop: async (id) => await Promise.resolve(host.stop(id)),
      kill: async (id) => await Promise.resolve(host.kill(id)),
      remove: async (id) => await Promise.resolve(host.drop(id)),
      crash: async (id) => await Promise.resolve(host.die(id, 137)),
    },
    unpublished: () => parseImageReference(absent),
    project: () => `suite-${(serial += 1)}`,
    home: async () => await Promise.resolve('/srv/home'),
    stop: async () => await rm(runtimeDirectory, { recursive: true }),
  }
}
