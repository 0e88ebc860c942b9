/** The first five minutes of a user: clone, `npm ci`, the first command. */
import { mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pushImage } from '../lab/registry/push.ts'
import { startRegistry } from '../lab/registry/registry.ts'
import { cloneHead, createFreshMachine, type FreshMachine } from './fresh-machine.ts'

const NGINX = [
  {
    input: 'nginx:1.2',
    registry: 'docker.io',
    repository: 'library/nginx',
    tag: '1.2',
    digest: null,
    canonical: 'docker.io/library/nginx:1.2',
  },
]

let machine: FreshMachine
let clone: string

beforeAll(async () => {
  machine = await createFreshMachine()
  clone = join(machine.folder, 'magos dominus')
  cloneHead(clone)
})
afterAll(async () => {
  await machine.remove()
})

/** As the contract has it: the answer on stdout, one JSON document and no other byte. */
async function answerOf(program: string, args: readonly string[], cwd: string): Promise<unknown> {
  const { code, stdout, stderr } = await machine.run(program, args, { cwd })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toMatch(/^[[{].*[\]}]\n$/)
  return JSON.parse(stdout)
}

const magos = ['run', '--silent', 'magos', '--'] as const

describe('npm ci in a fresh clone, from an empty cache', () => {
  beforeAll(async () => {
    await machine.succeed('npm', ['ci'], { cwd: clone })
  })

  test('leaves the work tree clean', async () => {
    expect(await machine.succeed('git', ['status', '--porcelain'], { cwd: clone })).toBe('')
  })

  test('npm run magos answers with JSON and nothing else', async () => {
    expect(await answerOf('npm', [...magos, 'image', 'nginx:1.2', '--json'], clone)).toEqual(NGINX)
  })

  test('npm run magos hands exit codes and errors through', async () => {
    const args = [...magos, 'image', 'Nginx:1.2', '--json']
    const { code, stdout } = await machine.run('npm', args, { cwd: clone })
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject([{ input: 'Nginx:1.2', error: { code: 'reference' } }])
  })

  test('npm run magos reads relative paths from where npm was started', async () => {
    await machine.write('stacks/web/compose.yaml', 'services:\n  web:\n    image: nginx:1.2\n')
    const stacks = join(machine.folder, 'stacks')
    const args = ['--prefix', clone, ...magos, 'scan', 'web', '--json']
    expect(await answerOf('npm', args, stacks)).toMatchObject({
      images: [{ file: 'web/compose.yaml', line: 3, column: 12, services: ['web'] }],
      problems: [],
    })
    const inside = join(clone, 'deep/er')
    await mkdir(inside, { recursive: true })
    const outward = [...magos, 'scan', '../../../stacks/web/compose.yaml', '--json']
    expect(await answerOf('npm', outward, inside)).toMatchObject({
      images: [{ file: '../../../stacks/web/compose.yaml' }],
    })
  })
})

describe('npm ci --omit=dev --ignore-scripts, as on a server', () => {
  beforeAll(async () => {
    const args = ['ci', '--omit=dev', '--ignore-scripts', '--prefer-offline']
    await machine.succeed('npm', args, { cwd: clone })
  })

  test('suffices for the launcher, through a symlink and from elsewhere', async () => {
    const bin = join(machine.folder, 'home/.local/bin')
    await mkdir(bin, { recursive: true })
    await symlink(join(clone, 'src/cli/magos.sh'), join(bin, 'magos'))
    const args = ['image', 'nginx:1.2', '--json']
    expect(await answerOf(join(bin, 'magos'), args, '/')).toEqual(NGINX)
  })

  test('suffices for what a command loads only when it runs', async () => {
    const registry = await startRegistry()
    try {
      const digest = await pushImage(registry, 'o/app', '1.0.0')
      const image = `${registry.host}/o/app:1.0.0`
      const compose = `services:\n  web:\n    image: ${image}  # {"magos": {"policy": "semver"}}\n`
      await machine.write('checked/compose.yaml', compose)
      const launcher = join(clone, 'src/cli/magos.sh')
      const folder = join(machine.folder, 'checked')
      expect(await answerOf(launcher, ['check', '--json'], folder)).toMatchObject({
        updates: [{ file: 'compose.yaml', line: 3, to: `${image}@${digest}` }],
      })
    } finally {
      await registry.close()
    }
  })
})
