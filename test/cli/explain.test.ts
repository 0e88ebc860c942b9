import { describe, expect, it } from 'vitest'
import { printExplain } from '../../src/cli/explain.ts'
import type { ExplainAnswer } from '../../src/domain/answer/explain.ts'
import { recordingIo } from './recording-io.ts'

const shop: ExplainAnswer = {
  stack: 'shop',
  state: 'proven',
  reason: '',
  commit: 'c1',
  revision: 'c2',
  deployments: [],
  words: '',
  mended: null,
  held: [],
  updates: [],
  current: [],
  refused: [],
  unknown: [],
  remedies: [],
}

describe('printExplain()', () => {
  it.each([
    ['c2', 'proven at c1, the branch is at c2'],
    [null, 'proven at c1, the branch is at unknown'],
    ['working-tree', 'proven at c1, compared with this working tree, for MD_REPO is not set'],
  ])('tells what was proven, and what git has at %s', (revision, line) => {
    const io = recordingIo('text')
    expect(printExplain(io, { ...shop, revision })).toBe(0)
    expect(io.stdout()).toBe(`stack "shop" is proven\n${line}\n`)
  })

  it.each([
    ['refused', 'it does not parse', 'refused: shop/compose.yaml:2:1: it does not parse'],
    ['held', 'held by ada', 'shop/compose.yaml:2:1: held by ada'],
  ] as const)('tells that it is %s, and where that stands', (state, reason, told) => {
    const io = recordingIo('text')
    printExplain(io, { ...shop, state, reason, file: 'shop/compose.yaml', line: 2, column: 1 })
    expect(io.stdout()).toContain(`stack "shop" is ${told}\n`)
  })
})
