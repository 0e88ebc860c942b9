import { expect, it } from 'vitest'
import { parseChallenges } from '../../../src/adapters/registry/challenge.ts'

const good: readonly (readonly [
  string,
  readonly (readonly [string, Readonly<Record<string, string>>])[],
])[] = [
  ['Basic realm="lab"', [['basic', { realm: 'lab' }]]],
  ['basic', [['basic', {}]]],
  [
    'Bearer realm="https://ghcr.io/token",service="ghcr.io",scope="repository:o/r:pull"',
    [
      [
        'bearer',
        { realm: 'https://ghcr.io/token', service: 'ghcr.io', scope: 'repository:o/r:pull' },
      ],
    ],
  ],
  // Codeberg sends both.
  [
    'Bearer realm="https://codeberg.org/v2/token",service="container_registry",scope="*", Basic realm="x"',
    [
      [
        'bearer',
        { realm: 'https://codeberg.org/v2/token', service: 'container_registry', scope: '*' },
      ],
      ['basic', { realm: 'x' }],
    ],
  ],
  [
    'Negotiate, Basic realm="a, b"',
    [
      ['negotiate', {}],
      ['basic', { realm: 'a, b' }],
    ],
  ],
  [
    'Negotiate YII=, Bearer realm=plain',
    [
      ['negotiate', {}],
      ['bearer', { realm: 'plain' }],
    ],
  ],
  [
    String.raw`Bearer realm="with \"quotes\" and \\"`,
    [['bearer', { realm: String.raw`with "quotes" and \ `.trim() }]],
  ],
  ['Bearer REALM = "a" ,  Service="b"', [['bearer', { realm: 'a', service: 'b' }]]],
  ['Bearer realm="first",realm="second"', [['bearer', { realm: 'first' }]]],
  [
    'Bearer scope="repository:a:pull,push",realm="r"',
    [['bearer', { scope: 'repository:a:pull,push', realm: 'r' }]],
  ],
]

for (const [header, expected] of good) {
  it(`parseChallenges() reads ${header}`, () => {
    const read = parseChallenges(header).map(({ scheme, parameters }) => [
      scheme,
      Object.fromEntries(parameters),
    ])
    expect(read).toEqual(expected)
  })
}

for (const header of ['', ' , ,', '="x"', '"quoted"', '\u0000']) {
  it(`parseChallenges() finds nothing in ${JSON.stringify(header)}`, () => {
    expect(parseChallenges(header)).toEqual([])
  })
}

it('parseChallenges() stops at what it cannot read, and keeps what came before', () => {
  const [first, ...others] = parseChallenges('Bearer realm="a",service="unterminated')
  expect(Object.fromEntries(first?.parameters ?? [])).toEqual({ realm: 'a' })
  expect(others.map(({ scheme }) => scheme)).not.toContain('basic')
})

it('parseChallenges() takes linear time on hostile headers', () => {
  const started = performance.now()
  for (const unit of ['a ', 'a=', 'a,', '"', '\\"', 'a="b",', ' ', ',']) {
    parseChallenges(`Bearer ${unit.repeat(100_000)}`)
  }
  expect(performance.now() - started).toBeLessThan(500)
})
