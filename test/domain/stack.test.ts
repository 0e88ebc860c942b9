import { describe, expect, test } from 'vitest'

import { usualOptions } from '../../src/domain/settings/stack-settings.ts'
import {
  owns,
  projectName,
  refuseSharedProjects,
  updatesFirst,
  type Stack,
} from '../../src/domain/stack.ts'

const stack = (name: string, rest: Partial<Stack> = {}): Stack => ({
  name,
  directory: name,
  files: [`${name}/compose.yaml`],
  hosts: null,
  options: usualOptions,
  ...rest,
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
    ['NAME for ciphertext', ['name: ENC[AES256_GCM,data:x]\n'], 'web'],
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

test('projectName() takes the one in .magos.yaml before any other', () => {
  const options = { ...usualOptions, project: 'old-name' }
  const texts = new Map([['web/compose.yaml', 'name: shop\n']])
  expect(projectName(stack('web', { options }), texts)).toBe('old-name')
})

test('refuseSharedProjects() refuses all stacks of one project, naming their files', () => {
  const stacks = [stack('a'), stack('b'), stack('c')]
  expect(refuseSharedProjects(stacks, ({ name }) => (name === 'c' ? 'c' : 'shop'))).toEqual(
    ['a', 'b'].map((name) => ({
      stack: name,
      file: `${name}/compose.yaml`,
      hosts: null,
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
