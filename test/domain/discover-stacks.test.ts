import { describe, expect, test } from 'vitest'

import { discoverStacks } from '../../src/domain/discover-stacks.ts'
import { usualDelivery } from '../../src/domain/proposal/settings.ts'
import type { RepositorySettings } from '../../src/domain/repository-settings.ts'
import { usualOptions, type StackSettings } from '../../src/domain/settings/stack-settings.ts'

const silent: StackSettings = {
  name: null,
  directory: null,
  hosts: null,
  files: null,
  options: usualOptions,
  fault: null,
}

const entries = (paths: readonly string[]) =>
  paths.map((path) => ({ path, mode: '100644', oid: '' }) as const)

function settings(stacks: Record<string, Partial<StackSettings>> = {}): RepositorySettings {
  const full = Object.entries(stacks).map(([key, value]) => [key, { ...silent, ...value }] as const)
  return { defaults: {}, stacks: new Map(full), delivery: usualDelivery }
}

function discover(paths: readonly string[], stacks: Record<string, Partial<StackSettings>> = {}) {
  const found = discoverStacks(entries(paths), settings(stacks), 'Home.Lab')
  return {
    stacks: found.stacks.map(({ name, files }) => `${name}: ${files.join(' ')}`),
    refused: found.refused.map(({ stack, file }) => `${stack} in ${file}`),
    reasons: found.refused.map(({ reason }) => reason),
  }
}

describe('discoverStacks() finds', () => {
  test.each([
    ['a directory by its path', ['apps/web/compose.yaml'], ['apps-web: apps/web/compose.yaml']],
    ['the root by the repository’s name', ['compose.yml'], ['homelab: compose.yml']],
    [
      'a normalised name',
      ['My Apps/_Wéb.1/compose.yaml'],
      ['myapps-_wb1: My Apps/_Wéb.1/compose.yaml'],
    ],
    ['no leading dashes', ['_x/compose.yaml'], ['x: _x/compose.yaml']],
    [
      'the first name that Compose takes',
      ['a/docker-compose.yaml', 'a/docker-compose.yml', 'a/compose.yml', 'a/compose.yaml'],
      ['a: a/compose.yaml'],
    ],
    [
      'docker-compose.yml before .yaml',
      ['a/docker-compose.yaml', 'a/docker-compose.yml'],
      ['a: a/docker-compose.yml'],
    ],
    [
      'an override behind it, .yml first',
      [
        'a/compose.override.yaml',
        'a/docker-compose.override.yml',
        'a/compose.override.yml',
        'a/compose.yaml',
      ],
      ['a: a/compose.yaml a/compose.override.yml'],
    ],
    ['no override alone', ['a/compose.override.yaml'], []],
    [
      'nothing in dotted directories',
      ['.git/compose.yaml', '.github/x/compose.yaml', 'a/.b/compose.yml'],
      [],
    ],
    ['nothing of other names', ['a/compose.json', 'a/my-compose.yaml', 'a/compose.yaml/x'], []],
    [
      'nested stacks, the outer first',
      ['a/b/compose.yaml', 'a/compose.yaml', 'compose.yaml'],
      ['homelab: compose.yaml', 'a: a/compose.yaml', 'a-b: a/b/compose.yaml'],
    ],
  ])('%s', (_, paths, expected) => {
    expect(discover(paths)).toEqual({ stacks: expected, refused: [], reasons: [] })
  })

  test('no submodule of such a name', () => {
    const submodule = { path: 'a/compose.yaml', mode: '160000', oid: '' } as const
    expect(discoverStacks([submodule], settings(), 'x').stacks).toEqual([])
  })

  test.each([
    ['directory', 'apps/web'],
    ['NAME', 'apps-web'],
  ])('what .magos.yaml says of a %s', (_, key) => {
    const found = discoverStacks(
      entries(['apps/web/compose.yaml']),
      settings({ [key]: { name: 'shop', hosts: ['nas'] } }),
      'x',
    )
    expect(found).toEqual({
      stacks: [
        {
          name: 'shop',
          directory: 'apps/web',
          files: ['apps/web/compose.yaml'],
          hosts: ['nas'],
          options: usualOptions,
        },
      ],
      refused: [],
      directories: ['apps/web'],
    })
  })

  test('the directory that a key names, before another of that NAME', () => {
    expect(
      discover(['a/b/compose.yaml', 'a-b/compose.yaml'], { 'a-b': { name: 'flat' } }),
    ).toMatchObject({ stacks: ['flat: a-b/compose.yaml', 'a-b: a/b/compose.yaml'], refused: [] })
  })
})

describe('discoverStacks() refuses', () => {
  test('two of one NAME, each naming both files, and no other', () => {
    expect(discover(['a/b/compose.yaml', 'a-b/compose.yml', 'c/compose.yaml'])).toEqual({
      stacks: ['c: c/compose.yaml'],
      refused: ['a-b in a-b/compose.yml', 'a-b in a/b/compose.yaml'],
      reasons: Array(2).fill(
        'Cannot tell stacks apart: "a-b/compose.yml" and "a/b/compose.yaml" are named "a-b"',
      ),
    })
  })

  test('two that .magos.yaml names alike', () => {
    const paths = ['a/compose.yaml', 'b/compose.yaml']
    expect(discover(paths, { a: { name: 'x' }, b: { name: 'x' } }).refused).toEqual([
      'x in a/compose.yaml',
      'x in b/compose.yaml',
    ])
  })

  test('one without a letter, unless it is named', () => {
    expect(discover(['日本/compose.yaml', 'a/compose.yaml'])).toMatchObject({
      stacks: ['a: a/compose.yaml'],
      refused: ['日本 in 日本/compose.yaml'],
    })
    expect(discover(['日本/compose.yaml'], { 日本: { name: 'jp' } })).toMatchObject({
      stacks: ['jp: 日本/compose.yaml'],
      refused: [],
    })
  })

  test('settings of a stack that there is not', () => {
    expect(discover(['a/compose.yaml'], { b: { hosts: ['nas'] } })).toMatchObject({
      stacks: ['a: a/compose.yaml'],
      refused: ['b in .magos.yaml'],
    })
  })
})

describe('discoverStacks() finds what .magos.yaml declares:', () => {
  test('files of other names, in their order', () => {
    const paths = ['apps/web/base.yml', 'apps/web/nas.yml', 'parts/more.yml']
    const files = ['base.yml', 'nas.yml', '../../parts/more.yml']
    expect(discover(paths, { 'apps/web': { files } })).toMatchObject({
      stacks: ['apps-web: apps/web/base.yml apps/web/nas.yml parts/more.yml'],
      refused: [],
    })
  })

  test('files of a stack by convention, by its directory and by its NAME', () => {
    const paths = ['a/b/compose.yaml', 'a/b/prod.yaml']
    for (const key of ['a/b', 'a-b']) {
      expect(discover(paths, { [key]: { files: ['compose.yaml', 'prod.yaml'] } })).toMatchObject({
        stacks: ['a-b: a/b/compose.yaml a/b/prod.yaml'],
        refused: [],
      })
    }
  })

  test('two stacks of one directory, which then is none by convention', () => {
    const paths = ['shop/compose.yaml', 'shop/test.yaml']
    const found = discover(paths, {
      live: { directory: 'shop' },
      trial: { directory: 'shop', files: ['compose.yaml', 'test.yaml'] },
    })
    expect(found).toMatchObject({
      stacks: ['live: shop/compose.yaml', 'trial: shop/compose.yaml shop/test.yaml'],
      refused: [],
    })
  })

  test('nothing where a file or directory is not there, and no other stack minds', () => {
    const found = discover(['a/compose.yaml'], {
      b: { directory: 'gone' },
      c: { directory: 'a', files: ['gone.yaml'] },
      d: { directory: 'a' },
    })
    expect(found.stacks).toEqual(['d: a/compose.yaml'])
    expect(found.reasons).toEqual([
      'Cannot find the stack "c": there is no file "a/gone.yaml"',
      'Cannot find the stack "b": there is no compose file in "gone"',
    ])
  })
})

describe('discoverStacks() refuses by order', () => {
  const paths = ['a/compose.yaml', 'b/compose.yaml', 'c/compose.yaml']

  test('a stack that comes after one that is not there, and no other', () => {
    expect(discover(paths, { a: after('x'), c: after('b') })).toMatchObject({
      stacks: ['b: b/compose.yaml', 'c: c/compose.yaml'],
      reasons: ['Cannot tell when stack "a" is due: the repository has no stack "x"'],
    })
  })

  test('every stack of a circle, naming the way round', () => {
    expect(discover(paths, { a: after('b'), b: after('a') })).toMatchObject({
      stacks: ['c: c/compose.yaml'],
      reasons: [
        'Cannot tell when stack "a" is due: it would come after itself: a → b → a',
        'Cannot tell when stack "b" is due: it would come after itself: b → a → b',
      ],
    })
  })
})

describe('discoverStacks() leaves a stack alone whose settings are broken', () => {
  const fault = {
    file: '.magos.yaml',
    line: 3,
    column: 5,
    severity: 'error',
    code: 'configuration',
    message: 'Stack "a" has the unknown key "x"',
    remedy: 'Write one of name',
  } as const

  test.each([
    [['nas'], ['nas']],
    [[], null],
    [null, null],
  ])('with its place, for hosts %j', (hosts, told) => {
    const found = discoverStacks(
      entries(['a/compose.yaml', 'b/compose.yaml']),
      settings({ a: { hosts, fault } }),
      'x',
    )
    expect(found.stacks.map(({ name }) => name)).toEqual(['b'])
    expect(found.refused).toEqual([
      {
        stack: 'a',
        reason: fault.message,
        remedy: 'Write one of name; until then the stack is left alone',
        file: '.magos.yaml',
        line: 3,
        column: 5,
        hosts: told,
      },
    ])
    expect(found.directories).toEqual(['a', 'b'])
  })
})

function after(...names: string[]): Partial<StackSettings> {
  return { options: { ...usualOptions, after: names } }
}
