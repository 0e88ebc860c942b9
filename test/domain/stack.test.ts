import { describe, expect, test } from 'vitest'

import type { RepositorySettings, StackSettings } from '../../src/domain/repository-settings.ts'
import {
  discoverStacks,
  owns,
  projectName,
  refuseSharedProjects,
  updatesFirst,
  type Stack,
} from '../../src/domain/stack.ts'

const entries = (paths: readonly string[]) =>
  paths.map((path) => ({ path, mode: '100644', oid: '' }) as const)

function settings(stacks: Record<string, Partial<StackSettings>> = {}): RepositorySettings {
  const full = Object.entries(stacks).map(
    ([key, value]) => [key, { name: null, hosts: null, ...value }] as const,
  )
  return { defaults: {}, stacks: new Map(full) }
}

function discover(paths: readonly string[], stacks: Record<string, Partial<StackSettings>> = {}) {
  const found = discoverStacks(entries(paths), settings(stacks), 'Home.Lab')
  return {
    stacks: found.stacks.map(({ name, files }) => `${name}: ${files.join(' ')}`),
    refused: found.refused.map(({ stack, file }) => `${stack} in ${file}`),
    reasons: found.refused.map(({ reason }) => reason),
  }
}

const stack = (name: string, rest: Partial<Stack> = {}): Stack => ({
  name,
  directory: name,
  files: [`${name}/compose.yaml`],
  hosts: null,
  ...rest,
})

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
        { name: 'shop', directory: 'apps/web', files: ['apps/web/compose.yaml'], hosts: ['nas'] },
      ],
      refused: [],
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

describe('projectName()', () => {
  test.each([
    ['the literal name', ['name: shop\n'], 'shop'],
    ['a quoted one', ['name: "shop"\n'], 'shop'],
    ['it normalised', ['name: My Shop\n'], 'myshop'],
    ['the last file’s', ['name: one\n', 'name: two\n'], 'two'],
    ['an earlier file’s, where the last has none', ['name: one\n', 'services: {}\n'], 'one'],
    ['NAME for none', ['services: {}\n'], 'web'],
    ['NAME for a variable', ['name: ${P}\n'], 'web'],
    ['NAME for a number', ['name: 12\n'], 'web'],
    ['NAME for nothing that may stand there', ['name: "---"\n'], 'web'],
    ['NAME for a broken file', ['name: shop\nname: b\n'], 'web'],
    ['NAME for files that are not read', [], 'web'],
  ])('takes %s', (_, texts, expected) => {
    const files = ['web/compose.yaml', 'web/compose.override.yaml']
    const read = new Map(texts.map((text, index) => [files[index] ?? '', text]))
    expect(projectName(stack('web', { files }), read)).toBe(expected)
  })
})

test('refuseSharedProjects() refuses all stacks of one project, naming their files', () => {
  const stacks = [stack('a'), stack('b'), stack('c')]
  expect(refuseSharedProjects(stacks, ({ name }) => (name === 'c' ? 'c' : 'shop'))).toEqual(
    ['a', 'b'].map((name) => ({
      stack: name,
      file: `${name}/compose.yaml`,
      reason:
        'Cannot tell stacks apart: "a/compose.yaml" and "b/compose.yaml" have the project name "shop"',
      remedy: expect.stringContaining('name:'),
    })),
  )
})

test.each([
  [null, true, true],
  [['nas', 'pi'], true, true],
  [['pi', 'NAS'], true, false],
  [['pi'], false, false],
  [[], false, false],
])('owns() and updatesFirst() of hosts %j', (hosts, deploys, updates) => {
  expect(owns(stack('a', { hosts }), 'nas')).toBe(deploys)
  expect(updatesFirst(stack('a', { hosts }), 'nas')).toBe(updates)
})
