import { expect, test } from 'vitest'

import { usualOptions } from '../../src/domain/settings/stack-settings.ts'
import { inOrder } from '../../src/domain/stack-order.ts'

const stack = (name: string, ...after: string[]) => ({
  name,
  directory: name,
  files: [`${name}/compose.yaml`],
  hosts: null,
  options: { ...usualOptions, after },
})

test.each([
  [[stack('a'), stack('b')], 'a b'],
  [[stack('a', 'b'), stack('b')], 'b a'],
  [[stack('a', 'b'), stack('b', 'd'), stack('c'), stack('d')], 'd b a c'],
  [[stack('a', 'elsewhere')], 'a'],
  [[stack('a', 'b'), stack('b', 'a')], 'b a'],
])('inOrder() puts every stack behind those it comes after', (stacks, expected) => {
  expect(
    inOrder(stacks)
      .map(({ name }) => name)
      .join(' '),
  ).toBe(expected)
})
