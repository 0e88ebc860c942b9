import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { scanCommand } from '../../src/cli/scan.ts'
import { setImageCommand } from '../../src/cli/set-image.ts'
import type { Io } from '../../src/cli/io.ts'
import { terminal } from '../../src/main/terminal.ts'

let outside: string
let root: string

beforeEach(async () => {
  outside = await mkdtemp(join(tmpdir(), 'magos-edit-'))
  root = join(outside, 'repository')
  await mkdir(join(root, '.git'), { recursive: true })
})
afterEach(() => rm(outside, { recursive: true, force: true }))

async function lay(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), content)
  }
}

async function run(act: (io: Io) => Promise<unknown>) {
  const written: string[] = []
  await act({ ...terminal('json'), write: (text) => void written.push(text), note: () => {} })
  return JSON.parse(written.join(''))
}

const set = (path: string, service: string, ref: string) =>
  run((io) => setImageCommand(io, join(root, path), service, ref))

const compose = '\uFEFFservices:\r\n  web: {image: "nginx:1.2"} # ü\r\n  own: {image: own:1}'
const takes = 'services:\n  web: {extends: {file: ../base.yml, service: base}}\n'
const base = 'services:\n  base:\n    image: nginx:${TAG:-1.2}\n'

describe('setImageCommand() in a stack', () => {
  const files = {
    '.magos.yaml': 'stacks: {app: {envFiles: [host.env]}}\n',
    'app/compose.yaml':
      'services:\n  a: {image: "nginx:$TAG"}\n  b: {tty: true}\n  c: {image: c:1}\n',
    'app/compose.override.yaml': 'services:\n  b: {image: b:1}\n  c: {image: c:2}\n',
    'app/host.env': 'TAG=1.2\n',
  }

  test.each([
    [
      'a variable of the env files',
      'app/compose.yaml',
      'a',
      'nginx:1.3',
      'app/host.env',
      'TAG=1.3\n',
    ],
    [
      'an image that only the override says',
      'app/compose.yaml',
      'b',
      'b:3',
      'app/compose.override.yaml',
      files['app/compose.override.yaml'].replace('b:1', 'b:3'),
    ],
    [
      'the file’s own line',
      'app/compose.override.yaml',
      'c',
      'c:3',
      'app/compose.override.yaml',
      files['app/compose.override.yaml'].replace('c:2', 'c:3'),
    ],
    [
      'the file’s own line before that of the override',
      'app/compose.yaml',
      'c',
      'c:3',
      'app/compose.yaml',
      files['app/compose.yaml'].replace('c:1', 'c:3'),
    ],
  ])('edits %s', async (_title, file, service, ref, edited, text) => {
    await lay(files)
    expect((await set(file, service, ref)).file).toBe(join(root, edited))
    for (const [path, before] of Object.entries(files)) {
      const now = await readFile(join(root, path), 'utf8')
      expect(now).toBe(path === edited ? text : before)
    }
  })

  test('leaves everything where another file of the stack cannot be read', async () => {
    await lay({ ...files, 'app/compose.override.yaml': '' })
    await writeFile(join(root, 'app/compose.override.yaml'), new Uint8Array([0xff, 0xfe, 0x41]))
    await expect(set('app/compose.yaml', 'a', 'nginx:1.3')).rejects.toMatchObject({ code: 'usage' })
    expect(await readFile(join(root, 'app/host.env'), 'utf8')).toBe('TAG=1.2\n')
  })
})

describe('scanCommand() on a disk', () => {
  const files = {
    '.magos.yaml': 'stacks: {app: {envFiles: [host.env]}}\n',
    'app/compose.yaml': 'services:\n  a: {image: "nginx:$TAG"}\n',
    'app/host.env': 'TAG=1.2\n',
  }

  test.each([['app/compose.yaml'], ['app'], ['.'], ['app/../app/compose.yaml']])(
    'reads a stack as the daemon does, by whatever path: %s',
    async (path) => {
      await lay(files)
      const { images } = await run((io) => scanCommand(io, [`${root}/${path}`]))
      expect(images).toMatchObject([{ reference: 'nginx:1.2', written: { line: 1, column: 5 } }])
      const [{ file, written }] = images
      expect(join(file)).toBe(join(root, 'app/compose.yaml'))
      expect(written.file).toBe(join(root, 'app/host.env'))
    },
  )

  test('says what is wrong with the settings of a whole repository', async () => {
    await lay({ ...files, '.magos.yaml': 'stacks: {app: {envFiles: [host.env]}, b: {}}\n' })
    const { problems } = await run((io) => scanCommand(io, [root]))
    expect(problems).toMatchObject([{ file: join(root, '.magos.yaml'), line: 1, column: 39 }])
  })
})

describe('setImageCommand() on a disk', () => {
  test.each([0o600, 0o644, 0o664, 0o755])(
    'keeps the mode %o and leaves nothing beside it',
    async (mode) => {
      await lay({ 'app/compose.yaml': compose })
      await chmod(join(root, 'app/compose.yaml'), mode)
      await set('app/compose.yaml', 'web', 'nginx:1.3')
      expect(await readdir(join(root, 'app'))).toEqual(['compose.yaml'])
      expect((await stat(join(root, 'app/compose.yaml'))).mode & 0o7777).toBe(mode)
      expect(await readFile(join(root, 'app/compose.yaml'), 'utf8')).toBe(
        compose.replace('1.2', '1.3'),
      )
    },
  )

  test('does not touch a file for what stands there', async () => {
    await lay({ 'app/compose.yaml': compose })
    const before = await stat(join(root, 'app/compose.yaml'), { bigint: true })
    await set('app/compose.yaml', 'web', 'nginx:1.2')
    const after = await stat(join(root, 'app/compose.yaml'), { bigint: true })
    expect([after.ino, after.mtimeNs]).toEqual([before.ino, before.mtimeNs])
  })

  test('edits the file that a service is taken from, wherever in the repository', async () => {
    await lay({ 'app/compose.yaml': takes, 'base.yml': base })
    const answer = await set('app/compose.yaml', 'web', 'nginx:1.3')
    expect(answer).toEqual({
      file: join(root, 'base.yml'),
      line: 3,
      column: 12,
      before: 'nginx:1.2',
      after: 'nginx:1.3',
      services: ['web'],
    })
    expect(await readFile(join(root, 'app/compose.yaml'), 'utf8')).toBe(takes)
    expect(await readFile(join(root, 'base.yml'), 'utf8')).toBe(base.replace('1.2', '1.3'))
  })

  test('edits the .env that sets the variable, and no compose file', async () => {
    await lay({ 'app/compose.yaml': takes, 'base.yml': base, 'app/.env': 'A=1\nTAG=1.2\n' })
    expect(await set('app/compose.yaml', 'web', 'nginx:1.3')).toMatchObject({ line: 2, column: 5 })
    expect(await readFile(join(root, 'app/.env'), 'utf8')).toBe('A=1\nTAG=1.3\n')
    expect(await readFile(join(root, 'base.yml'), 'utf8')).toBe(base)
  })

  test.each([
    ['a path that leaves the repository', '../../base.yml'],
    ['an absolute path', '/base.yml'],
    ['a symlink that leaves the repository', './link.yml'],
  ])('refuses %s, and leaves what is there', async (_, path) => {
    await lay({ 'app/compose.yaml': takes.replace('../base.yml', path) })
    await writeFile(join(outside, 'base.yml'), base)
    await symlink(join(outside, 'base.yml'), join(root, 'app/link.yml'))
    await expect(set('app/compose.yaml', 'web', 'nginx:1.3')).rejects.toMatchObject({
      code: 'edit',
      place: { line: 2, column: 25 },
    })
    expect(await readFile(join(outside, 'base.yml'), 'utf8')).toBe(base)
  })
})

test('scanCommand() lists what the files of a folder lead to, once', async () => {
  await lay({
    'a/compose.yaml': takes,
    'b/docker-compose.yml': 'include: [../base.yml]\n',
    'base.yml': base,
    'b/.env': 'TAG=7\n',
  })
  const { images, problems } = await run((io) => scanCommand(io, [root]))
  expect(problems).toEqual([])
  expect(
    images.map((image: Record<string, unknown>) => [
      image['file'],
      image['services'],
      image['reference'],
      image['written'],
    ]),
  ).toEqual([
    [`${root}/base.yml`, ['web'], 'nginx:1.2', { file: `${root}/base.yml`, line: 3, column: 25 }],
    // What is included takes the variables of whoever includes it.
    [`${root}/base.yml`, ['base'], 'nginx:7', { file: `${root}/b/.env`, line: 1, column: 5 }],
  ])
})

test('scanCommand() goes on beside directories that it may not enter', async () => {
  await lay({ 'a/compose.yaml': base, 'a/data/compose.yaml': base, 'z/compose.yml': base })
  await chmod(outside, 0o755)
  await chmod(join(root, 'a/data'), 0)
  // To root every directory is open.
  const isRoot = process.geteuid?.() === 0
  try {
    if (isRoot) process.seteuid?.(65_534)
    const { images } = await run((io) => scanCommand(io, [root]))
    expect(images.map(({ file }: { readonly file: string }) => file)).toEqual([
      `${root}/a/compose.yaml`,
      `${root}/z/compose.yml`,
    ])
    await expect(run((io) => scanCommand(io, [join(root, 'a/data')]))).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('permission denied'),
    })
  } finally {
    if (isRoot) process.seteuid?.(0)
    await chmod(join(root, 'a/data'), 0o755)
  }
})
