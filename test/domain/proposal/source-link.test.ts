import { describe, expect, it } from 'vitest'
import { sourceLink } from '../../../src/domain/proposal/source-link.ts'

const labels = (source: string, revision = 'a'.repeat(40)) => ({
  'org.opencontainers.image.source': source,
  'org.opencontainers.image.revision': revision,
})
const [before, after] = ['a'.repeat(40), 'b'.repeat(40)]

describe('sourceLink()', () => {
  it.each([
    ['https://github.com/o/app', `https://github.com/o/app/compare/${before}...${after}`],
    ['https://gitlab.com/g/s/app', `https://gitlab.com/g/s/app/-/compare/${before}...${after}`],
    ['https://codeberg.org/o/app', `https://codeberg.org/o/app/compare/${before}...${after}`],
    ['https://git.example.org/o/app', null],
  ])('compares the revisions of %s', (source, compare) => {
    expect(sourceLink(labels(source, before), labels(source, after))).toEqual({ source, compare })
  })

  it('takes the address of a clone for its repository', () => {
    expect(sourceLink({}, labels('https://github.com/o/app.git/'))?.source).toBe(
      'https://github.com/o/app',
    )
  })

  it.each([
    ['no label', {}],
    ['plain HTTP', labels('http://github.com/o/app')],
    ['a login', labels('https://u:p@github.com/o/app')],
    ['a script', labels('javascript:alert(1)')],
    ['what would end a link', labels('https://github.com/o/app)[x](https://evil.example')],
    ['a host alone', labels('https://github.com')],
    ['nothing of an address', labels('o/app @everyone')],
  ])('is none for %s', (_title, after_) => {
    expect(sourceLink({}, after_)).toBe(null)
  })

  it.each([
    ['an odd revision', labels('https://github.com/o/app', 'main)')],
    ['the same revision', labels('https://github.com/o/app', before)],
    ['another source before', labels('https://github.com/o/other', after)],
  ])('compares nothing for %s', (_title, other) => {
    const ours = labels('https://github.com/o/app', before)
    expect(sourceLink(other, ours)).toEqual({ source: 'https://github.com/o/app', compare: null })
  })
})
