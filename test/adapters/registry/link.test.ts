import { expect, it } from 'vitest'
import { nextLink } from '../../../src/adapters/registry/link.ts'

const cases: readonly (readonly [string, string | null])[] = [
  ['</v2/o/r/tags/list?n=2&last=b>; rel="next"', '/v2/o/r/tags/list?n=2&last=b'],
  ['<?last=b>;rel=next', '?last=b'],
  ['<https://h/v2/x?a=1,2>; rel="next"', 'https://h/v2/x?a=1,2'],
  ['</a>; rel="prev", </b>; rel="next"', '/b'],
  ['</a>; title="x, <y>"; rel="last next"', '/a'],
  ['</a>; REL="NEXT"', '/a'],
  ['</a>; rel="nextish"', null],
  ['</a>', null],
  ['', null],
  ['rel="next"', null],
  ['<', null],
]

for (const [header, expected] of cases) {
  it(`nextLink() finds ${String(expected)} in ${JSON.stringify(header)}`, () => {
    expect(nextLink(header)).toBe(expected)
  })
}

it('nextLink() takes little time on a hostile header', () => {
  const started = performance.now()
  for (const unit of ['<', '<a>;', '<a>; b=', ';a', ' ', '; ']) {
    nextLink(`<a>${unit.repeat(8000)}`)
  }
  expect(performance.now() - started).toBeLessThan(500)
})
