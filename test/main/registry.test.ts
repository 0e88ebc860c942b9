import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createBase } from '../../src/main/create-base.ts'
import { openRegistry } from '../../src/main/registry.ts'
import { configuredSecrets } from '../../src/main/settings.ts'
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

test('openRegistry() logs in for a path as it is configured, whatever an auth file says of its host', async () => {
  const login = { username: 'two', password: 'planted-two' }
  const lab = await startRegistry({ kind: 'bearer', users: { two: login.password } })
  onTestFinished(() => lab.close())
  const auths = { [lab.host]: { auth: Buffer.from('one:planted-one').toString('base64') } }
  const base = openBase({
    'auth.json': JSON.stringify({ auths }),
    'two.token': `${login.password}\n`,
    'magos.yaml': `registries:\n  ${lab.host}/team: {username: two, passwordFile: two.token}\n`,
  })
  const registry = openRegistry(base)
  const team = { registry: lab.host, repository: 'team/app' }
  const other = { registry: lab.host, repository: 'other/app' }
  for (const { repository } of [team, other]) {
    await pushImage({ url: lab.url, login }, repository, '1', { version: '1' })
  }
  expect(await registry.tags(team, signal)).toEqual(['1'])
  expect(await registry.credential(team, signal)).toEqual(login)
  await expect(registry.tags(other, signal)).rejects.toMatchObject({ code: 'unauthorized' })
  expect(configuredSecrets(base.config)).toContain(login.password)
})

function openBase(files: Readonly<Record<string, string>> = {}) {
  const root = mkdtempSync(join(tmpdir(), 'magos-main-'))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, name), text)
  const environment: Record<string, string> = { MD_DATA_DIR: join(root, 'data') }
  if (files['magos.yaml'] !== undefined) environment['MD_CONFIG'] = join(root, 'magos.yaml')
  if (files['auth.json'] !== undefined)
    environment['MD_REGISTRY_AUTH_FILE'] = join(root, 'auth.json')
  const base = createBase({
    environment,
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
