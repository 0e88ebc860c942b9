import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { runMagos } from '../lab/daemon.ts'
import type { Homelab } from '../lab/homelab.ts'
import { containersOf, git, type SeenContainer } from './look.ts'

export interface DefinitionHost {
  readonly lab: Homelab
  readonly repository: string
  readonly env: Readonly<Record<string, string>>
  /** What is said of the volume then, and cannot be had without another volume. */
  readonly volume: string
}

const STACK = 'net'
const NETWORK = `${STACK}_back`

/** A stack whose network and volume are defined otherwise later; `web` and `db` hang on that network. */
export async function definedStack(host: DefinitionHost) {
  const { lab, repository, env } = host
  const image = `${lab.image('still')}@${await lab.push('still', '1', { health: 'none' })}`
  const service = (more = '', of = image) =>
    `{image: "${of}", init: true, stop_grace_period: 0s${more}}`
  const write = async (back: string, rows: string, web?: string) => {
    const content = `services:
  web: ${service(', networks: [back]', web)}
  db: ${service(', networks: [back], volumes: ["rows:/rows"]')}
  side: ${service()}
networks: {back: {${back}}}
volumes: {rows: {${rows}}}
`
    await mkdir(join(repository, STACK), { recursive: true })
    await writeFile(join(repository, STACK, 'compose.yaml'), content)
    await git(repository, 'add', '.')
    const person = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com']
    await git(repository, ...person, 'commit', '-q', '-m', 'feat: say it otherwise')
  }
  const sync = async () => {
    const { code, stdout } = await runMagos(['sync', STACK, '--json'], { env })
    return { code, deployment: JSON.parse(stdout).deployments?.[0] }
  }
  const containers = () => containersOf(lab.engine, STACK)
  const isInternal = () =>
    lab.engine.cli(['network', 'inspect', '--format', '{{.Internal}}', NETWORK])
  await write('', '')
  expect((await sync()).deployment).toMatchObject({ outcome: 'succeeded' })
  const { db } = await containers()
  await lab.engine.cli(['exec', db?.id ?? '', 'sh', '-c', 'echo precious > /rows/one'])
  return {
    async holdsForItsVolume() {
      const before = await containers()
      await write('internal: true', host.volume)
      const { code, deployment } = await sync()
      expect(deployment).toMatchObject({ stack: STACK, outcome: 'held' })
      expect(deployment.remedy).toContain(`volume rm ${STACK}_rows`)
      expect(code).toBe(1)
      expect(await isInternal()).toBe('false')
      return ids(await containers(), before)
    },
    async makesItsNetworkAnew() {
      const before = await containers()
      await write('internal: true', '')
      expect((await sync()).deployment).toMatchObject({ outcome: 'succeeded' })
      expect(await isInternal()).toBe('true')
      const after = await containers()
      const rows = await lab.engine.cli(['exec', after['db']?.id ?? '', 'cat', '/rows/one'])
      expect(rows).toBe('precious')
      return ids(after, before)
    },
    async comesBackWithItsNetwork() {
      const bad = await lab.push('still', '2', { health: 'failing' })
      await write('', '', `${lab.image('still')}@${bad}`)
      expect((await sync()).deployment).toMatchObject({ outcome: 'rolled-back' })
      expect(await isInternal()).toBe('true')
      const after = await containers()
      await write('internal: true', '')
      expect((await sync()).deployment).toMatchObject({ outcome: 'unchanged' })
      return Object.values(after).map(({ state }) => state)
    },
    async bringsBackWhatWasDisconnected() {
      const before = await containers()
      await lab.engine.cli(['network', 'disconnect', NETWORK, before['web']?.id ?? ''])
      expect((await sync()).deployment).toMatchObject({ outcome: 'succeeded' })
      const after = await containers()
      const format = '{{range $name, $_ := .NetworkSettings.Networks}}{{$name}}{{end}}'
      const shown = await lab.engine.cli(['inspect', '--format', format, after['web']?.id ?? ''])
      expect(shown).toBe(NETWORK)
      return ids(after, before)
    },
  }
}

type Seen = Readonly<Record<string, SeenContainer>>

function ids(after: Seen, before: Seen): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.keys(before).map((name) => [
      name,
      after[name]?.id === before[name]?.id ? 'same' : 'another',
    ]),
  )
}
