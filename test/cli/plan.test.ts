import { describe, expect, test } from 'vitest'
import { printPlan } from '../../src/cli/plan.ts'
import type { PlanAnswer } from '../../src/domain/answer/plan.ts'
import { recordingIo } from './recording-io.ts'

function print(answer: Partial<PlanAnswer>) {
  const io = recordingIo('text')
  const code = printPlan(io, { revision: 'c0ffee', stacks: [], refused: [], ...answer })
  return { code, out: io.stdout(), notes: io.stderr() }
}

describe('printPlan()', () => {
  test('says of a service that is kept what is done to it all the same', () => {
    const services = [
      { name: 'a', action: 'keep', reasons: ['nothing about it changed'] },
      { name: 'b', action: 'keep', and: ['restart'], reasons: ['a file changed'] },
      { name: 'c', action: 'keep', and: ['start', 'signal HUP'], reasons: ['it is down'] },
    ] as const
    const { code, out, notes } = print({ stacks: [{ name: 'shop', services }] })
    expect(out.split('\n').map((line) => line.split(/ {2,}/u))).toEqual([
      ['STACK', 'SERVICE', 'ACTION', 'WHY'],
      ['shop', 'a', 'keep', 'nothing about it changed'],
      ['shop', 'b', 'keep, restart', 'a file changed'],
      ['shop', 'c', 'keep, start, signal HUP', 'it is down'],
      ['at c0ffee'],
      [''],
    ])
    expect({ code, notes }).toEqual({ code: 0, notes: '' })
  })

  test('says why nothing of it is done, and what a person can do', () => {
    const stack = { name: 'shop', services: [], failed: 'it crashed', held: 'held by ada' }
    const waits = { reason: 'it drifted, which is only reported here', remedy: 'run it' }
    const { notes } = print({ stacks: [{ ...stack, waits }] })
    expect(notes.split('\n')).toEqual([
      'stack "shop" failed so before: it crashed. Try it again with: magos sync shop',
      'stack "shop" waits: it drifted, which is only reported here. Run it',
      'stack "shop" is held by ada. Let it go on with: magos release shop',
      '',
    ])
  })

  test('says where a refused stack stands, and ends with 1', () => {
    const refused = [{ stack: 'shop', reason: 'no', file: 'a.yaml', line: 2, column: 3 }]
    const { code, notes } = print({ refused })
    expect({ code, notes }).toEqual({ code: 1, notes: 'a.yaml:2:3: stack "shop" refused: no\n' })
  })
})
