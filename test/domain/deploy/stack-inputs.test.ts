import { describe, expect, test } from 'vitest'
import {
  inputsDigest,
  pathInHome,
  pathInStack,
  stackEntries,
} from '../../../src/domain/deploy/stack-inputs.ts'
import { usualOptions } from '../../../src/domain/settings/stack-settings.ts'
import type { TreeEntry } from '../../../src/domain/revision.ts'
import type { Stack } from '../../../src/domain/stack.ts'

function stack(directory: string): Stack {
  return {
    name: 'shop',
    directory,
    files: [`${directory}/compose.yaml`],
    hosts: null,
    options: usualOptions,
  }
}

function entry(path: string, oid = '1'): TreeEntry {
  return { path, mode: '100644', oid }
}

const entries = [
  'README.md',
  'compose.yaml',
  'shop/compose.yaml',
  'shop/conf/a',
  'shop/nested/compose.yaml',
  'shop/nested/data',
  'shopping/compose.yaml',
  'common/base.yaml',
  'common/tls/cert',
  '.magos/quarantine.yaml',
].map((path) => entry(path))
const directories = ['', 'shop', 'shop/nested', 'shopping']

function paths(of: Stack, referred: readonly string[] = []): string[] {
  return stackEntries(of, directories, entries, referred).map(({ path }) => path)
}

describe('stackEntries()', () => {
  test('takes what lies below the directory, without nested stacks and namesakes', () => {
    expect(paths(stack('shop'))).toEqual(['shop/compose.yaml', 'shop/conf/a'])
  })

  test('takes what the stack refers to elsewhere, folders whole', () => {
    expect(paths(stack('shop'), ['common/tls', 'shop/nested/data'])).toEqual([
      'shop/compose.yaml',
      'shop/conf/a',
      'shop/nested/data',
      'common/tls/cert',
    ])
  })

  test('leaves the other stacks to themselves at the root', () => {
    expect(paths(stack(''))).toEqual([
      'README.md',
      'compose.yaml',
      'common/base.yaml',
      'common/tls/cert',
    ])
  })
})

describe('pathInHome()', () => {
  test.each([
    ['shop', 'shop/conf/a', 'conf/a'],
    ['shop', 'common/a', '.magos/repository/common/a'],
    ['shop', 'shopping/a', '.magos/repository/shopping/a'],
    ['', 'common/a', 'common/a'],
  ])('of stack %j, %s lies at %s', (directory, path, expected) => {
    expect(pathInHome(stack(directory), path)).toBe(expected)
    expect(pathInStack(stack(directory), path) === null).toBe(expected.startsWith('.magos/'))
  })
})

describe('inputsDigest()', () => {
  const parts = {
    project: 'shop',
    home: '/srv/shop',
    files: ['shop/compose.yaml'],
    entries: [entry('shop/compose.yaml'), entry('shop/conf/a')],
    untracked: [{ path: 'shop/.env', content: new TextEncoder().encode('A=1') }],
    options: usualOptions,
  }

  test('does not depend on the order of the files', () => {
    expect(inputsDigest({ ...parts, entries: parts.entries.toReversed() })).toBe(
      inputsDigest(parts),
    )
  })

  test.each([
    ['the project', { project: 'other' }],
    ['the home', { home: '/srv/other' }],
    ['the compose files', { files: ['shop/compose.yaml', 'shop/compose.override.yaml'] }],
    ['a tracked file', { entries: [entry('shop/compose.yaml', '2'), entry('shop/conf/a')] }],
    ['an untracked input', { untracked: [] }],
    ['the settings', { options: { ...usualOptions, profiles: ['metrics'] } }],
  ])('changes with %s', (_title, over) => {
    expect(inputsDigest({ ...parts, ...over })).not.toBe(inputsDigest(parts))
  })
})
