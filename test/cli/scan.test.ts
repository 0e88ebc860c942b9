import { posix } from 'node:path'

import { describe, expect, test } from 'vitest'

import type { Io } from '../../src/cli/io.ts'
import { scanCommand } from '../../src/cli/scan.ts'
import { MagosError } from '../../src/domain/error.ts'

function missing(path: string): MagosError {
  const cause = Object.assign(new Error('no such file'), { code: 'ENOENT' })
  return new MagosError('usage', `Cannot read "${path}": it does not exist`, { cause })
}

/** A folder in memory; a file that is an error cannot be read. */
function memoryIo(
  files: Readonly<Record<string, string | MagosError>>,
  format: Io['format'] = 'json',
) {
  const written: string[] = []
  const notes: string[] = []
  const io: Io = {
    format,
    columns: 0,
    write: (text) => void written.push(text),
    note: (text) => void notes.push(text),
    readFile: async (path) => {
      const content = files[path.replace(/^\.\//, '')] ?? missing(path)
      if (typeof content === 'string') return content
      throw content
    },
    replaceFile: async () => {
      throw new Error('A scan writes nothing')
    },
    readBeside: async (_, path) => {
      const text = files[path]
      return typeof text === 'string' ? { kind: 'file', text } : { kind: 'absent' }
    },
    surroundings: async (path) => {
      if (path === '-') return null
      const from = posix.normalize(path).replace(/^\.$|\/$/, '')
      return { root: '/lab', path: from, given: (one) => posix.normalize(one) }
    },
    namesIn: async (directory) =>
      Object.keys(files)
        .filter((file) => posix.dirname(file) === posix.normalize(directory))
        .map((file) => posix.basename(file)),
    listFiles: async (path) => {
      if (path in files) return [path]
      const folder = posix.join(path, '/')
      const below = Object.keys(files).filter((file) => folder === './' || file.startsWith(folder))
      if (below.length === 0) throw missing(path)
      return below
    },
  }
  return { io, notes, written }
}

async function scan(files: Readonly<Record<string, string | MagosError>>, ...paths: string[]) {
  const { io, written } = memoryIo(files)
  const exitCode = await scanCommand(io, paths)
  const [text = '', ...more] = written
  expect(more).toEqual([])
  const answer = JSON.parse(text)
  return { exitCode, ...answer, files: answer.images.map(({ file }: { file: string }) => file) }
}

const one = 'services:\n  a:\n    image: nginx:1.2\n'

describe('scanCommand()', () => {
  test('answers with the fields of its contract', async () => {
    const text =
      'services:\n  a: {image: "nginx:1"} # {"magos": {"policy": "semver"}}\n  b: {image: $X}\n'
    expect(await scan({ 'compose.yaml': text })).toEqual({
      exitCode: 0,
      files: ['compose.yaml', 'compose.yaml'],
      images: [
        {
          file: 'compose.yaml',
          line: 2,
          column: 15,
          services: ['a'],
          image: 'nginx:1',
          policy: 'semver',
          held: null,
          reference: 'nginx:1',
          origin: 'registry',
          written: { file: 'compose.yaml', line: 2, column: 15 },
        },
        {
          file: 'compose.yaml',
          line: 3,
          column: 14,
          services: ['b'],
          image: '$X',
          policy: null,
          held: 'variable "X" is controlled by the environment or a .env that is not here',
          reference: null,
          origin: 'registry',
          written: { file: 'compose.yaml', line: 3, column: 14 },
        },
      ],
      problems: [],
    })
  })

  test('walks a folder for the names that Compose knows, in order', async () => {
    const names = [
      'compose.yml',
      'b/docker-compose.yml',
      'a/docker-compose.yaml',
      'a/compose.override.yaml',
      'a/notes.yaml',
      '.github/compose.yaml',
      'a/.old/compose.yaml',
    ]
    const files = Object.fromEntries(names.map((name) => [name, one]))
    expect((await scan(files)).files).toEqual([
      'a/compose.override.yaml',
      'a/docker-compose.yaml',
      'b/docker-compose.yml',
      'compose.yml',
    ])
    expect((await scan(files, 'a')).files).toEqual([
      'a/compose.override.yaml',
      'a/docker-compose.yaml',
    ])
    for (const folder of ['a/.old', './a/.old/']) {
      expect((await scan(files, folder)).files).toEqual(['a/.old/compose.yaml'])
    }
  })

  test('reads a file that is named, whatever its name, and each once', async () => {
    const files = { 'a/stack.yaml': one, 'a/compose.yaml': one }
    expect((await scan(files, 'a/stack.yaml')).files).toEqual(['a/stack.yaml'])
    expect((await scan(files, 'a', 'a/stack.yaml', 'a/compose.yaml')).files).toEqual([
      'a/compose.yaml',
      'a/stack.yaml',
    ])
  })

  test('puts a broken file among the problems, answers 1 and goes on', async () => {
    const unreadable = new MagosError('usage', 'Cannot read "b/compose.yaml": permission denied')
    const answer = await scan({
      'a/compose.yaml': 'services: {\n',
      'b/compose.yaml': unreadable,
      'c/compose.yaml': one,
    })
    expect(answer).toMatchObject({
      exitCode: 1,
      files: ['c/compose.yaml'],
      problems: [
        { file: 'a/compose.yaml', line: 2, column: 1, severity: 'error', code: 'compose' },
        { file: 'b/compose.yaml', line: 1, column: 1, severity: 'error', code: 'usage' },
      ],
    })
    expect(await scan({ 'b.yaml': unreadable }, 'b.yaml')).toMatchObject({
      exitCode: 1,
      images: [],
    })
  })

  test('answers 0 with warnings alone', async () => {
    const text = `${one}# {"magos": {"policy": "semver"}}\n`
    const { exitCode, problems } = await scan({ 'compose.yaml': text })
    expect([exitCode, problems.length, problems[0].severity]).toEqual([0, 1, 'warning'])
  })

  test('reads a stack with its override and the env files of .magos.yaml, as the daemon does', async () => {
    const files = {
      '.magos.yaml': 'stacks: {shop: {envFiles: [../env/host.env]}}\n',
      'shop/compose.yaml': 'services:\n  a: {image: "n:$TAG"}\n  b: {image: n:1}\n',
      'shop/compose.override.yaml': 'services:\n  b: {build: .}\n  c: {image: n:3}\n',
      'env/host.env': 'TAG=1.2\n',
    }
    const whole = await scan(files)
    expect(whole.files).toEqual([
      'shop/compose.override.yaml',
      'shop/compose.yaml',
      'shop/compose.yaml',
    ])
    const alone = await scan(files, 'shop/compose.yaml')
    expect(alone.files).toEqual(['shop/compose.yaml', 'shop/compose.yaml'])
    for (const { images } of [whole, alone]) {
      expect(images).toContainEqual(
        expect.objectContaining({
          services: ['a'],
          reference: 'n:1.2',
          held: null,
          written: { file: 'env/host.env', line: 1, column: 5 },
        }),
      )
      expect(images).toContainEqual(expect.objectContaining({ services: ['b'], origin: 'build' }))
    }
  })

  test('reads files of a stack that has them declared', async () => {
    const files = {
      '.magos.yaml':
        'stacks: {shop: {directory: apps/shop, files: [a.yaml, sub/b.yaml], after: [x]}}\n',
      'apps/shop/a.yaml': 'services: {a: {image: n:1}}\n',
      'apps/shop/sub/b.yaml': 'services: {a: {build: .}}\n',
    }
    const { images, problems } = await scan(files, 'apps/shop/a.yaml')
    expect(images).toMatchObject([{ services: ['a'], origin: 'build' }])
    expect(problems).toEqual([])
  })

  test('says of a whole repository what .magos.yaml is wrong about, and where', async () => {
    const files = {
      '.magos.yaml':
        'stacks:\n  gone: {}\n  a: {after: [c]}\n  b: {probes: {wbe: {tcp: 1}}, changes: {web: {x: HUP}}}\n',
      'a/compose.yaml': one,
      'b/compose.yaml': 'services: {web: {image: n:1}}\n',
    }
    const places = ({ problems }: Awaited<ReturnType<typeof scan>>) =>
      problems
        .map(({ file, line, column, severity }: Record<string, unknown>) =>
          [file, line, column, severity].join(' '),
        )
        .toSorted()
    const whole = await scan(files)
    expect(whole.exitCode).toBe(1)
    expect(places(whole)).toEqual([
      '.magos.yaml 2 3 error',
      '.magos.yaml 3 15 error',
      '.magos.yaml 4 16 error',
      '.magos.yaml 4 48 warning',
    ])
    // Of a part nobody can say which stacks and files there are besides.
    expect(places(await scan(files, 'b'))).toEqual(['.magos.yaml 4 16 error'])
    expect(places(await scan(files, 'a/compose.yaml'))).toEqual([])
  })

  test('scans what is left of a stack with a file that cannot be read', async () => {
    const unreadable = new MagosError('usage', 'Cannot read it: permission denied')
    const answer = await scan({
      '.magos.yaml': 'stacks: {a: {probes: {late: {tcp: 1}}}}\n',
      'a/compose.yaml': one,
      'a/compose.override.yaml': unreadable,
    })
    expect(answer.files).toEqual(['a/compose.yaml'])
    expect(answer.problems).toMatchObject([{ file: 'a/compose.override.yaml', code: 'usage' }])
  })

  test.each([
    ['no YAML of ours', 'hello\n', 'it is no mapping', 1],
    ['a list', '- a\n', 'it is no mapping', 1],
    ['nothing', '# nothing\n', 'it is empty', 1],
    ['another tool’s YAML', 'kind: Pod\nspec: {}\n', '"kind" is no key of Compose', 1],
    ['services without their key', 'name: x\nweb:\n  image: n:1\n', '"web" looks like one', 1],
    ['networks alone', 'networks: {}\n', 'it has no services', 0],
  ])('says why a file that is named has no images: %s', async (_, text, message, exitCode) => {
    const answer = await scan({ 'a.yaml': text }, 'a.yaml')
    expect(answer).toMatchObject({ exitCode, images: [] })
    expect(answer.problems).toHaveLength(1)
    expect(answer.problems[0].message).toContain('Cannot find images in "a.yaml": ')
    expect(answer.problems[0].message).toContain(message)
  })

  test('points at the key that looks like a service', async () => {
    const { problems } = await scan({ 'a.yaml': 'name: x\nweb:\n  image: n:1\n' }, 'a.yaml')
    expect(problems[0]).toMatchObject({ file: 'a.yaml', line: 2, column: 1, severity: 'error' })
  })

  test('says nothing of a file that has services, if none with an image', async () => {
    const text = 'services:\n  a: {build: .}\n'
    expect(await scan({ 'a.yaml': text }, 'a.yaml')).toMatchObject({ exitCode: 0, problems: [] })
    expect((await scan({ 'a.yaml': 'servces: {}\n' }, 'a.yaml')).problems).toHaveLength(1)
  })

  test('says what it looked for in a folder that has none of it', async () => {
    const answer = await scan({ 'a/notes.txt': 'x' }, 'a')
    expect(answer).toMatchObject({
      exitCode: 0,
      images: [],
      problems: [
        { file: 'a', severity: 'warning', message: expect.stringContaining('compose.yml') },
      ],
    })
  })

  test('takes defaults and problems from .magos.yaml', async () => {
    const text = one.replace('1.2', '1.2 # {"magos": {"policy": "semver"}}')
    const bad = await scan({ 'compose.yaml': text, '.magos.yaml': 'defaults: {range: "!=1"}' })
    expect(bad.exitCode).toBe(1)
    expect(bad.problems.map(({ file }: { file: string }) => file)).toEqual([
      '.magos.yaml',
      'compose.yaml',
    ])
    expect(bad.images[0].policy).toBeNull()
  })

  test('throws for a path that is not there, and for settings that cannot be read', async () => {
    await expect(scan({ 'compose.yaml': one }, 'other.yaml')).rejects.toMatchObject({
      code: 'usage',
    })
    const cause = Object.assign(new Error('denied'), { code: 'EACCES' })
    const denied = new MagosError('usage', 'Cannot read ".magos.yaml"', { cause })
    await expect(scan({ 'compose.yaml': one, '.magos.yaml': denied })).rejects.toBe(denied)
  })

  test('prints a table, problems apart, and nothing that moves a cursor', async () => {
    const text = `${one}  b: {image: "x\\e[2J"}\n  c: {image: 5}\n`
    const { io, notes, written } = memoryIo({ 'compose.yaml': text }, 'text')
    expect(await scanCommand(io, [])).toBe(1)
    expect(written.join('')).toMatch(/^PLACE +SERVICES +IMAGE +POLICY +HELD\n/)
    expect(written.join('')).toContain('compose.yaml:3:12')
    expect(notes.join('')).toContain(
      'compose.yaml:5:14: error: Cannot read the image of service "c"',
    )
    expect(written.join('') + notes.join('')).not.toContain('\u001B')
  })

  test('says that there is nothing', async () => {
    const { io, notes, written } = memoryIo({ 'compose.yaml': '{}' }, 'text')
    expect(await scanCommand(io, [])).toBe(0)
    expect([written, notes]).toEqual([[], ['No images found\n']])
  })
})
