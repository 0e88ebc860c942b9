import { describe, expect, test } from 'vitest'

import type { Io } from '../../src/cli/io.ts'
import { setImageCommand } from '../../src/cli/set-image.ts'

const before = '\uFEFFservices:\r\n  a: {image: "nginx:1.2"} # keep\r\n  b: {image: $X}'

function fileIo(format: Io['format'] = 'json') {
  const written: string[] = []
  const replaced: [path: string, content: string][] = []
  const io: Io = {
    format,
    columns: 0,
    write: (text) => void written.push(text),
    note: () => {},
    readFile: async () => before,
    replaceFile: async (path, content) => void replaced.push([path, content]),
    readBeside: async () => ({ kind: 'absent' }),
    surroundings: () => Promise.resolve(null),
    namesIn: () => Promise.resolve([]),
    listFiles: async () => [],
  }
  return { io, written, replaced }
}

describe('setImageCommand()', () => {
  test('writes the file once and answers with the fields of its contract', async () => {
    const { io, written, replaced } = fileIo()
    expect(await setImageCommand(io, 'x/compose.yaml', 'a', 'nginx:1.3')).toBe(0)
    expect(replaced).toEqual([['x/compose.yaml', before.replace('1.2', '1.3')]])
    expect(written.map((text) => JSON.parse(text))).toEqual([
      {
        file: 'x/compose.yaml',
        line: 2,
        column: 15,
        before: 'nginx:1.2',
        after: 'nginx:1.3',
        services: ['a'],
      },
    ])
  })

  test('writes nothing for the same value', async () => {
    const { io, written, replaced } = fileIo('text')
    expect(await setImageCommand(io, 'c.yaml', 'a', 'nginx:1.2')).toBe(0)
    expect(replaced).toEqual([])
    expect(written).toEqual(['c.yaml:2:15: a: unchanged: nginx:1.2\n'])
  })

  test('shows the change on a terminal', async () => {
    const { io, written } = fileIo('text')
    await setImageCommand(io, 'c.yaml', 'a', 'nginx:1.3')
    expect(written).toEqual(['c.yaml:2:15: a: nginx:1.2 → nginx:1.3\n'])
  })

  test.each([
    ['c.yaml', 'b', 'nginx:1', 'edit'],
    ['c.yaml', 'none', 'nginx:1', 'edit'],
    ['c.yaml', 'a', 'Nginx', 'reference'],
    ['-', 'a', 'nginx:1', 'usage'],
  ])('leaves %s untouched for service %s and %s', async (file, service, ref, code) => {
    const { io, written, replaced } = fileIo()
    await expect(setImageCommand(io, file, service, ref)).rejects.toMatchObject({ code })
    expect([written, replaced]).toEqual([[], []])
  })
})
