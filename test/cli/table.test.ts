import { describe, expect, it } from 'vitest'
import { printable, table } from '../../src/cli/table.ts'

const heads = ['TAG', 'WHY']

describe('table()', () => {
  it('pads columns and leaves no blanks at the end of a line', () => {
    expect(
      table({ columns: 0 }, heads, [
        ['1.2.3', 'new'],
        ['1', 'an old one'],
      ]),
    ).toBe('TAG    WHY\n1.2.3  new\n1      an old one\n')
  })

  it('prints the heads alone where there are no rows', () => {
    expect(table({ columns: 80 }, heads, [])).toBe('TAG  WHY\n')
  })

  it('takes a missing cell for an empty one', () => {
    expect(table({ columns: 0 }, heads, [['1']])).toBe('TAG  WHY\n1\n')
  })

  it('wraps at blanks to the width of a terminal', () => {
    expect(table({ columns: 22 }, heads, [['1.2.3', 'it is below the committed tag']])).toBe(
      'TAG    WHY\n1.2.3  it is below the\n       committed tag\n',
    )
  })

  it('breaks a word that alone is too long, and loses nothing of it', () => {
    const digest = `sha256:${'0123456789abcdef'.repeat(4)}`
    const text = table({ columns: 40 }, ['IMAGE', 'DIGEST'], [[digest, digest]])
    const lines = text.trimEnd().split('\n')
    expect(lines.every((line) => line.length <= 40)).toBe(true)
    expect(
      lines
        .slice(1)
        .map((line) => line.slice(21))
        .join(''),
    ).toBe(digest)
  })

  it('keeps parts of paths and references whole where it can', () => {
    const reference = 'ghcr.io/organisation/application:1.4.2'
    expect(table({ columns: 24 }, ['IMAGE'], [[reference]])).toBe(
      'IMAGE\nghcr.io/organisation/\napplication:1.4.2\n',
    )
    expect(table({ columns: 14 }, ['IMAGE'], [[`${'x'.repeat(9)}:1.4.2`], ['y'.repeat(20)]])).toBe(
      `IMAGE\nxxxxxxxxx\n:1.4.2\n${'y'.repeat(14)}\n${'y'.repeat(6)}\n`,
    )
  })

  it('tells the first digits of a digest behind a name, where the whole does not fit', () => {
    const reference = `redis:7@sha256:${'0123456789abcdef'.repeat(4)}`
    const rows = [[reference, 'new']]
    expect(table({ columns: 0 }, heads, rows)).toContain(reference)
    expect(table({ columns: 90 }, heads, rows)).toContain(reference)
    expect(table({ columns: 80 }, heads, rows)).toBe(
      `TAG${' '.repeat(25)}  WHY\nredis:7@sha256:0123456789ab…  new\n`,
    )
    expect(table({ columns: 22 }, heads, rows)).toBe(
      'TAG                WHY\nredis:7            new\n@sha256:012345678\n9ab…\n',
    )
  })

  it('stays readable where a terminal is too narrow for it', () => {
    expect(table({ columns: 3 }, heads, [['1.2.3', 'it is below']])).toBe(
      'TAG    WHY\n1.2.3  it is\n       below\n',
    )
  })

  it('puts why below its row where other columns leave it less than half of the line', () => {
    const rows = [
      ['shop', 'failed', 'c0ffee', 'the port is taken by somebody else'],
      ['blog', 'proven', 'c0ffee', ''],
    ]
    const four = ['STACK', 'STATE', 'COMMIT', 'WHY']
    expect(table({ columns: 36 }, four, rows)).toBe(
      [
        'STACK  STATE   COMMIT',
        '    WHY',
        'shop   failed  c0ffee',
        '    the port is taken by somebody',
        '    else',
        'blog   proven  c0ffee',
        '',
      ].join('\n'),
    )
    expect(table({ columns: 54 }, four, rows)).toContain('c0ffee  the port is taken by')
    const three = rows.map((row) => row.slice(1))
    expect(table({ columns: 26 }, four.slice(1), three)).toContain('c0ffee  the port')
  })

  it('never writes a character that moves the cursor or the text around it', () => {
    const text = table({ columns: 0 }, heads, [['\u001B[2J', 'a\nb\u202Ec\u009B']])
    expect(text).toBe('TAG        WHY\n\\u{1b}[2J  a\\u{a}b\\u{202e}c\\u{9b}\n')
  })
})

describe('printable()', () => {
  it('leaves ordinary text alone', () => {
    expect(printable('ä → "x" … 1.2.3')).toBe('ä → "x" … 1.2.3')
  })
})
