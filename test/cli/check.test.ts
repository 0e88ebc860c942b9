import { describe, expect, it } from 'vitest'
import { printCheck } from '../../src/cli/check.ts'
import type { CheckAnswer } from '../../src/domain/answer/check.ts'
import type { Problem } from '../../src/domain/problem.ts'
import { recordingIo } from './recording-io.ts'

const digest = (hex: string) => `sha256:${hex.repeat(64)}`
const empty: CheckAnswer = {
  revision: 'c1',
  updates: [],
  held: [],
  problems: [],
  current: [],
  unchanged: 0,
  requests: 0,
}
const update: CheckAnswer['updates'][number] = {
  file: 'shop/compose.yaml',
  line: 3,
  services: ['web', 'worker'],
  from: `ghcr.io/o/app:1.4.2@${digest('a')}`,
  to: `ghcr.io/o/app:1.5.0@${digest('b')}`,
  policy: 'semver',
  reason: '"1.5.0" is the newest that fits above "1.4.2"',
  mode: 'commit',
}
const held: CheckAnswer['held'][number] = {
  file: 'compose.yaml',
  line: 12,
  column: 12,
  image: 'redis:7.2.4',
  reason: '"7.4.0" waits until 2026-03-01 04:30 UTC',
  kind: 'waits',
}
const problem: Problem = {
  file: 'compose.yaml',
  line: 9,
  column: 28,
  severity: 'error',
  code: 'policy',
  message: 'Cannot read policy "cal": there is none of that name',
  remedy: 'write "policy": "semver"',
}

const screen = [
  'WHERE                SERVICES     FROM                    TO',
  '    WHY',
  'shop/compose.yaml:3  web, worker  ghcr.io/o/app:1.4.2     1.5.0@sha256:bbbbbbbbb',
  '                                  @sha256:aaaaaaaaaaaa…   bbb…',
  '    "1.5.0" is the newest that fits above "1.4.2"',
  '',
  'WHERE            HELD         WHY',
  'compose.yaml:12  redis:7.2.4  "7.4.0" waits until 2026-03-01 04:30 UTC. Wait',
  '',
  'WHERE                STANDS      WHY',
  'shop/compose.yaml:3  nginx:1.27  nothing that fits is above "1.27"',
  '',
  '1 to update, 1 held, 1 unchanged, 4 requests',
]

describe('printCheck()', () => {
  it('prints one JSON document by the contract, references whole', () => {
    const io = recordingIo('json', { columns: 80 })
    const { revision: _, ...rest } = { ...empty, updates: [update], held: [held], requests: 2 }
    expect(printCheck(io, { ...rest, revision: 'c1' })).toBe(0)
    expect(JSON.parse(io.stdout())).toEqual(rest)
    expect(io.stderr()).toBe('')
  })

  it.each<[string, 0 | 1, Partial<CheckAnswer>]>([
    ['nothing', 0, {}],
    ['an update', 0, { updates: [update] }],
    ['what only waits', 0, { held: [held] }],
    ['what somebody has to look at', 1, { held: [held, { ...held, kind: 'problem' }] }],
    ['an error in a file', 1, { problems: [problem] }],
    ['a warning', 0, { problems: [{ ...problem, severity: 'warning' }] }],
  ])('ends for %s with %i', (_title, exit, over) => {
    expect(printCheck(recordingIo('text'), { ...empty, ...over })).toBe(exit)
  })

  it('prints tables that a person can read at 80 columns', () => {
    const io = recordingIo('text', { columns: 80 })
    printCheck(io, {
      ...empty,
      updates: [update],
      held: [{ ...held, remedy: 'Wait' }],
      current: [{ ...update, image: 'nginx:1.27', reason: 'nothing that fits is above "1.27"' }],
      problems: [problem],
      unchanged: 1,
      requests: 4,
    })
    expect(io.stdout()).toBe(`${screen.join('\n')}\n`)
    expect(io.stderr()).toBe(
      'compose.yaml:9:28: error: Cannot read policy "cal": there is none of that name\n  Write "policy": "semver"\n',
    )
  })
})
