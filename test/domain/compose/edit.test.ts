import { describe, expect, test } from 'vitest'

import { editImages } from '../../../src/domain/compose/edit.ts'
import { noFiles } from '../../../src/domain/compose/project-files.ts'
import { readProject } from '../../../src/domain/compose/project.ts'
import { scanComposeFile } from '../../../src/domain/compose/scan.ts'
import { setImage } from '../../../src/domain/compose/set-image.ts'
import { MagosError } from '../../../src/domain/error.ts'

const to = `nginx:1.3@sha256:${'0'.repeat(64)}`
const scan = (text: string) => scanComposeFile('compose.yaml', text, { defaults: {} }).images
const set = (text: string, service = 'a', ref = to) =>
  setImage(
    readProject({ files: [{ path: 'compose.yaml', text }], directory: '' }, noFiles),
    'compose.yaml',
    service,
    ref,
  )

function refusal(act: () => unknown): MagosError {
  try {
    act()
  } catch (error) {
    if (error instanceof MagosError) return error
    throw error
  }
  throw new Error('Nothing was refused')
}

const file = (value: string) => `services:\n  a:\n    image: ${value}\n`

/** Shapes that are edited; `@` marks the one place that may change. */
const exact = [
  ['block style', 'services:\n  a:\n    image: @\n    tty: true\n'],
  ['double quotes', 'services:\n  a:\n    image: "@"\n'],
  ['single quotes', "services:\n  a:\n    image: '@'\n"],
  [
    'a comment of the same text',
    'services:\n  a:\n    # nginx:1.2\n    image: @ # was nginx:1.2\n',
  ],
  ['a neighbour that begins alike', 'services:\n  b: {image: nginx:1.25}\n  a: {image: @}\n'],
  ['an annotation', 'services:\n  a:\n    image: @  # {"magos": {"policy": "semver"}}\n'],
  ['CRLF', 'services:\r\n  a:\r\n    image: @\r\n    tty: true\r\n'],
  ['CRLF in some lines', 'services:\n  a:\r\n    image: "@"\r\n    tty: true\n'],
  ['a BOM', '\uFEFFservices:\n  a:\n    image: @\n'],
  ['no final newline', 'services:\n  a:\n    image: @'],
  ['trailing blanks and blank lines', 'services:\n\n  a:   \n    image: @   \n\n\n'],
  ['a tab before a comment', 'services:\n  a:\n    image: @\t# x\n'],
  ['flow style', '{services: {a: {image: @, tty: true}}}\n'],
  ['flow style over lines', 'services: {\n  a: {\n    image: "@" # x\n  }\n}\n'],
  ['JSON', '{"services": {"a": {"image": "@", "tty": true}}}'],
  ['odd spaces', 'services:\n    a:\n          image:     @\n          tty:   true\n'],
  ['a long line', `services:\n  a:\n    image: @\n    command: ${'word '.repeat(60)}\n`],
  ['an explicit key', 'services:\n  a:\n    ? image\n    : @\n'],
  ['the next line', 'services:\n  a:\n    image:\n      @\n'],
  ['an anchor', 'services:\n  a:\n    image: &i @\n  b:\n    image: *i\n'],
  ['an anchor elsewhere', 'x-i: &i @\nservices:\n  a:\n    image: *i\n'],
  ['a merge', 'x-b: &b\n  image: @\n  tty: true\nservices:\n  a:\n    <<: *b\n'],
  ['a tag', 'services:\n  a:\n    image: !!str @\n'],
  ['a leading document mark', '---\nservices:\n  a:\n    image: @\n...\n'],
  ['a second document', 'services:\n  b: {image: x:1}\n---\nservices:\n  a: {image: @}\n'],
  ['the later of two documents', 'services: {a: {image: x:1}}\n---\nservices: {a: {image: @}}\n'],
  [
    'block scalars beside it',
    'services:\n  a:\n    command: |\n      image: nginx:1.2\n    image: @\n',
  ],
  ['extends', 'services:\n  base: {image: @}\n  a: {extends: base}\n'],
  ['a folded block', 'services:\n  a:\n    image: >-\n      @\n    tty: true\n'],
  [
    'a literal block',
    'services:\r\n  a:\r\n    image: |2- # x\r\n      @\r\n\r\n    tty: true\r\n',
  ],
  ['a block whose header says it', 'services:\n  a:\n    image: >- # nginx:1.2\n      @\n'],
  ['a tag and an anchor', 'services:\n  a: {image: &i !!str "@"}\n  b: {image: *i}\n'],
  [
    'a merge of a list',
    'x-a: &a {tty: true}\nx-b: &b {image: @}\nservices:\n  a: {<<: [*a, *b]}\n',
  ],
  ['letters beyond ASCII', 'services:\n  # 😀 ü\n  a: {labels: ["😀"], image: @}\n'],
] as const

describe('setImage() is exact', () => {
  test.each(exact)('with %s', (_, shape) => {
    const before = shape.replace('@', 'nginx:1.2')
    const result = set(before)
    expect(result.text).toBe(shape.replace('@', to))
    const lines = before.slice(0, shape.indexOf('@')).split('\n')
    expect(result).toMatchObject({
      line: lines.length,
      column: (lines.at(-1)?.length ?? 0) + 1,
      before: 'nginx:1.2',
      after: to,
    })
    expect(result.services).toContain('a')
  })

  test('and names every service of the line', () => {
    const text = 'x-i: &i nginx:1\nservices:\n  b: {image: *i}\n  a: {image: *i}\n'
    expect(set(text).services).toEqual(['b', 'a'])
  })

  test('and changes nothing for the same value', () => {
    const text = 'services:\r\n  a: {image: "nginx:1.2"}'
    expect(set(text, 'a', 'nginx:1.2')).toEqual({
      file: 'compose.yaml',
      text,
      change: 'unchanged',
      line: 2,
      column: 15,
      before: 'nginx:1.2',
      after: 'nginx:1.2',
      services: ['a'],
    })
  })

  test('whatever the annotation of the line says', () => {
    const text = 'services:\n  a: {image: nginx:1.2} # {"magos": {"policy": "odd"}}\n'
    expect(set(text).text).toBe(text.replace('nginx:1.2', to))
  })
})

describe('setImage() refuses', () => {
  test.each([
    ['a variable', file('nginx:${V}'), '3:12', 'variable "V" is controlled by'],
    ['a part of a tag', file('nginx:1.${V:-2}'), '3:12', 'neither a whole reference nor'],
    [
      'a variable before a suffix',
      file('nginx:${V:-1}-alpine'),
      '3:12',
      'neither a whole reference',
    ],
    ['a variable before a digest', file(`nginx:\${V:-1}@${to.slice(10)}`), '3:12', 'neither'],
    ['all of a digest', file(`nginx:1@sha256:\${D:-${'a'.repeat(64)}}`), '3:12', 'neither'],
    ['a registry', file('${R:-ghcr.io}/o/app:1'), '3:12', 'neither a whole reference nor'],
    ['several variables', file('${R:-nginx}:${V:-1}'), '3:12', 'several variables'],
    ['a default that is none', file('${IMG:-No:1}'), '3:12', 'upper-case'],
    ['an empty default', file('nginx:${V:-}'), '3:12', 'the tag is empty'],
    ['a switch', file('nginx:${V:+1.2}'), '3:12', 'only switches'],
    ['a broken brace', file('"nginx:${V:-1"'), '3:13', 'not closed'],
    ['a doubled dollar', file('nginx$$x'), '3:12', '"$" that begins no variable'],
    ['a block with a line break', file('|\n      nginx:1.2'), '4:7', 'block scalar'],
    ['a block of two lines', file('>-\n      nginx:1.2\n      x'), '3:12', 'block scalar'],
    ['folded lines', file('nginx:1.2\n      x'), '3:12', 'several lines'],
    ['what is no reference', file('nginx:1.2#pinned'), '3:12', 'pinned'],
    ['build', file('nginx:1.2\n    build: .'), '3:12', 'builds its image'],
    ['an anchor of more', 'services: {a: {image: &i n:1, hostname: *i}}', '1:26', 'anchor'],
    ['a broken file', `${file('nginx:1.2')}    image: x\n`, '4:5', 'stands twice'],
    ['a broken second document', `${file('nginx:1.2')}---\n[\n`, '6:1', ''],
    ['build by merge', 'x-b: &b {build: .}\nservices: {a: {<<: *b, image: x:1}}', '2:31', 'builds'],
    ['a number', file('1234'), '3:12', 'it is no text'],
    ['what is reset', file('!reset null'), '3:19', 'it is reset'],
    ['no image', 'services:\n  a:\n    tty: true\n', '3:5', 'it has none'],
    ['an unknown service', 'services: {b: {image: x}}', 'undefined:undefined', 'no such service'],
    ['a service of Object', 'services: {}', 'undefined:undefined', 'no such service', 'toString'],
  ])('%s', (_, text, place, reason, service = 'a') => {
    const error = refusal(() => set(text, service))
    expect(error).toMatchObject({ code: 'edit', place: { file: 'compose.yaml' } })
    expect(`${error.place?.line}:${error.place?.column}`).toBe(place)
    expect(error.message).toContain(reason)
    expect(error.remedy).toBeTruthy()
  })

  test.each(['null', '1234', '12:30', 'true', 'yes', '1e3', '0x10', '[2001:db8::1]:5000/x'])(
    'the plain text %s, which quotes can carry',
    (ref) => {
      const plain = refusal(() => set(file('nginx:1.2'), 'a', ref))
      expect(plain).toMatchObject({ code: 'edit', place: { line: 3, column: 12 } })
      expect(plain.remedy).toContain('quotes')
      expect(set(file('"nginx:1.2"'), 'a', ref).text).toBe(file(`"${ref}"`))
    },
  )

  test.each(['', 'Nginx', 'nginx: 1', 'nginx #x', 'nginx:1\n', 'a"b', '*i', '&i x', '${V}'])(
    'the reference %j, which is none',
    (ref) => {
      expect(refusal(() => set(file('nginx:1.2'), 'a', ref)).code).toBe('reference')
    },
  )
})

describe('setImage() edits the default of a variable', () => {
  const digest = to.slice('nginx:1.3'.length)
  test.each([
    ['that is a whole reference', '${IMG:-nginx:1.2}', 'nginx:1.3', '${IMG:-nginx:1.3}'],
    ['in quotes', '"${IMG-nginx:1.2}"', to, `"\${IMG-${to}}"`],
    ['that is a tag', 'nginx:${V:-1.2}', 'nginx:1.3', 'nginx:${V:-1.3}'],
    ['that is a tag, with a digest', 'nginx:${V-1.2}', to, `nginx:\${V-1.3${digest}}`],
    [
      'to the same image in another spelling',
      'nginx:${V:-1}',
      'docker.io/nginx:2',
      'nginx:${V:-2}',
    ],
    ['to what it is', 'nginx:${V:-1.2}', 'nginx:1.2', 'nginx:${V:-1.2}'],
  ])('%s', (_, before, ref, after) => {
    const result = set(file(before), 'a', ref)
    const column = 12 + Math.max(0, before.search(/nginx/))
    expect(result).toMatchObject({ text: file(after), after: ref, line: 3, column })
    expect(result.before).toMatch(/^nginx:[0-9.]+$/)
  })

  test.each([
    ['another repository', 'redis:7', 'another repository'],
    ['a reference without a tag', `nginx${digest}`, 'this has none'],
    ['a reference with nothing', 'nginx', 'this has none'],
  ])('and refuses %s where only the tag is one', (_, ref, reason) => {
    const error = refusal(() => set(file('nginx:${V:-1.2}'), 'a', ref))
    expect(error).toMatchObject({ code: 'edit', place: { line: 3, column: 12 } })
    expect(error.message).toContain(reason)
  })
})

describe('editImages()', () => {
  const two = 'services:\n  a: {image: one:1}\n  b: {image: two:2}\n'
  const [a, b] = scan(two)
  if (a === undefined || b === undefined) throw new Error('The sample has two images')

  test('makes all edits at once, in any order', () => {
    const edits = [
      { image: b, to: 'two:22' },
      { image: a, to: 'one:1.1.1' },
    ]
    expect(editImages('compose.yaml', two, edits)).toBe(
      'services:\n  a: {image: one:1.1.1}\n  b: {image: two:22}\n',
    )
  })

  test('makes different edits of the same image', () => {
    const text = 'services:\n  a: {image: x:1}\n  b: {image: x:1}\n'
    const edits = scan(text).map((image, index) => ({ image, to: `x:${index + 2}` }))
    expect(editImages('compose.yaml', text, edits)).toBe(
      'services:\n  a: {image: x:2}\n  b: {image: x:3}\n',
    )
  })

  test('makes none', () => {
    expect(editImages('compose.yaml', two, [])).toBe(two)
  })

  test.each([
    ['a held line', two, [{ image: { ...a, held: 'it waits' }, to: 'one:2' }], 'it waits'],
    ['a text that moved on', `#\n${two}`, [{ image: a, to: 'one:2' }], 'changed since'],
    [
      'two edits of one place',
      two,
      [
        { image: a, to: 'one:2' },
        { image: a, to: 'one:3' },
      ],
      'same place',
    ],
    ['what is no reference', two, [{ image: a, to: 'one: 2' }], 'blank'],
    ['a broken file', `${two}a: [`, [{ image: a, to: 'one:2' }], ''],
    [
      'a range that is no image',
      two,
      [
        {
          image: {
            ...a,
            range: [0, 8] as const,
            target: { ...a.target, range: [0, 8] as const, text: 'services' },
          },
          to: 'x:1',
        },
      ],
      'more than this value',
    ],
  ])('refuses %s', (_, text, edits, reason) => {
    const error = refusal(() => editImages('compose.yaml', text, edits))
    expect(error.code).toBe('edit')
    expect(error.message).toContain(reason)
    expect(error.place?.line).toBeGreaterThan(0)
  })

  const services = Array.from({ length: 5000 }, (_, n) => `  s${n}:\n    image: i:${n}\n`)
  const large = `services:\n${services.join('')}`

  test('edits one of 5,000 services in under 2 seconds', { timeout: 60_000 }, () => {
    const started = process.cpuUsage()
    expect(set(large, 's4999', 'i:x').line).toBe(10_001)
    const { user, system } = process.cpuUsage(started)
    expect((user + system) / 1000).toBeLessThan(2000)
  })

  test.each([
    ['with an anchor each', (n: number) => `&i${n} i:1`],
    ['of one anchor', (n: number) => (n === 0 ? '&i i:1' : '*i')],
  ])('edits one of 5,000 services %s in under 2 seconds', { timeout: 60_000 }, (_, image) => {
    const all = Array.from({ length: 5000 }, (__, n) => `  s${n}: {image: ${image(n)}}\n`)
    const text = `services:\n${all.join('')}`
    const started = process.cpuUsage()
    expect(set(text, 's4999', 'i:2').services).toContain('s4999')
    const { user, system } = process.cpuUsage(started)
    expect((user + system) / 1000).toBeLessThan(2000)
  })

  test('edits each of 5,000 services at once', { timeout: 60_000 }, () => {
    const edits = scan(large).map((image) => ({ image, to: `${image.text}.0` }))
    expect(editImages('compose.yaml', large, edits)).toHaveLength(large.length + 10_000)
  })
})
