import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createBase } from '../../src/main/create-base.ts'
import { openRegistry } from '../../src/main/registry.ts'
import { openState, recall } from '../../src/main/state.ts'
import { pushImage } from '../lab/registry/push.ts'
import { startRegistry } from '../lab/registry/registry.ts'

const signal = AbortSignal.timeout(20_000)

test('openRegistry() asks for no manifest that an earlier process of this host read', async () => {
  const base = openBase()
  const lab = await startRegistry({})
  onTestFinished(() => lab.close())
  const name = { registry: lab.host, repository: 'team/app' }
  const kept = await pushImage({ url: lab.url }, 'team/app', '1', { version: '1' })
  const other = await pushImage({ url: lab.url }, 'team/app', '2', { version: '2' })

  const state = openState(base)
  const first = await openRegistry(base, state.store.manifests).manifest(name, kept, signal)
  state.close()

  const recollection = recall(base)
  const registry = openRegistry(base, recollection.manifests)
  expect(await registry.manifest(name, kept, signal)).toEqual(first)
  expect(registry.requests()).toBe(0)
  await registry.manifest(name, other, signal)
  expect(registry.requests()).toBeGreaterThan(0)
  // Whoever only looks keeps nothing.
  expect(recollection.manifests.find(`${lab.host}/team/app`, other)).toBeNull()
  recollection.close()
})

function openBase() {
  const root = mkdtempSync(join(tmpdir(), 'magos-main-'))
  const base = createBase({
    environment: { MD_DATA_DIR: join(root, 'data') },
    workingDirectory: root,
    version: '0',
    output: { write: () => undefined, isTerminal: false, stat: { dev: 0, ino: 0 } },
  })
  onTestFinished(async () => {
    await base.http.close()
    rmSync(root, { recursive: true })
  })
  return base
}
