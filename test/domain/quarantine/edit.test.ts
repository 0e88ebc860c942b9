import {
  assert,
  constantFrom,
  nat,
  property,
  record,
  string,
  stringMatching,
  uniqueArray,
} from 'fast-check'
import { describe, expect, test } from 'vitest'

import { quarantineVersions, releaseVersions } from '../../../src/domain/quarantine/edit.ts'
import { parseQuarantine } from '../../../src/domain/quarantine/parse.ts'
import type { QuarantineEntry } from '../../../src/domain/quarantine/quarantine.ts'
import { digest, entry } from './entry.ts'

const FILE = '.magos/quarantine.yaml'
const add = (text: string | null, ...entries: QuarantineEntry[]) =>
  quarantineVersions(FILE, text, entries)
const read = (text: string) => parseQuarantine(FILE, text).entries

describe('quarantineVersions()', () => {
  test('begins a file that says what it is, one key a line and everything in quotes', () => {
    const text = add(null, entry({ tag: '1.10', reason: 'bad' })) ?? ''
    expect(text.split('\n').filter((line) => !line.startsWith('#'))).toEqual([
      '- image: "ghcr.io/o/app"',
      '  tag: "1.10"',
      `  digest: "${digest(2)}"`,
      '  host: "nas"',
      `  commit: "${'c'.repeat(40)}"`,
      '  reason: "bad"',
      '  at: "2026-01-01T00:00:00.000Z"',
      '',
    ])
  })

  test('never lists a version twice, and says null where there is nothing to add', () => {
    const text = add(null, entry(), entry({ host: 'pi' })) ?? ''
    expect(read(text)).toEqual([entry()])
    expect(add(text, entry({ host: 'pi', at: 'later' }))).toBeNull()
    expect(read(add(text, entry(), entry({ tag: '1.2.0' })) ?? '')).toHaveLength(2)
  })

  test.each([
    ['no line break at the end', '# mine\n- {image: a, tag: b}', '\n- image:'],
    ['Windows line breaks', '- image: a\r\n  tag: b\r\n', '- image: "ghcr.io/o/app"\r\n  tag:'],
    ['indented entries', '\n  - image: a\n    tag: b\n  # last\n', '  - image: "ghcr'],
    ['comments alone', '# nothing\n', '- image: "ghcr'],
    ['a start of document', '---\n- {image: a, tag: b}\n', '- image: "ghcr'],
  ])('keeps every byte of a file with %s', (_, text, tail) => {
    const before = read(text)
    const written = add(text, entry()) ?? ''
    expect(written.startsWith(text)).toBe(true)
    expect(written.slice(text.length)).toContain(tail)
    expect(read(written)).toEqual([...before, entry()])
  })

  test('writes into a list in brackets', () => {
    const text = '# mine\n[ {image: a, tag: b} ] # end\n'
    const written = add(text, entry()) ?? ''
    expect(written).toMatch(/^# mine\n\[ \{image: a, tag: b\} , \{ image: .* \}\] # end\n$/)
    expect(read(written)).toHaveLength(2)
    expect(read(add('# mine\n[]\n', entry()) ?? '')).toEqual([entry()])
    expect(add('# mine\n[]\n', entry())).toContain('# mine\n')
  })

  test.each(['image: a\n', '- nonsense\n', '- {image: a, tag: b}\n...\n'])(
    'throws `edit` for %j, which it does not understand',
    (text) => {
      expect(() => add(text, entry())).toThrow(expect.objectContaining({ code: 'edit' }))
    },
  )

  test('writes whatever a program may have said, and reads the same again', () => {
    assert(
      property(string({ unit: 'binary' }), (reason) => {
        const text = add('# first\n', entry({ reason })) ?? ''
        expect(text.startsWith('# first\n')).toBe(true)
        expect(read(text)).toEqual([entry({ reason })])
        expect(text).toMatch(/^[^\p{Cf}\p{Zl}\p{Zp}\uFFFD]*$/u)
      }),
    )
  })
})

describe('releaseVersions()', () => {
  const file = [
    '# head',
    '- image: a # first',
    '  tag: "1"',
    '  # inside',
    '',
    '# about the second',
    '- {image: a, tag: "2"} # second',
    '-',
    '  # third',
    '  image: b',
    '  tag: >-',
    '    3',
    '# end',
    '',
  ]
  const text = file.join('\n')
  const without = (...lines: readonly number[]) =>
    file.filter((_, index) => !lines.includes(index)).join('\n')

  test.each([
    ['1', without(1, 2)],
    ['2', without(6)],
    ['3', without(7, 8, 9, 10, 11)],
  ])('takes the lines of entry %s and no other byte', (tag, left) => {
    const done = releaseVersions(FILE, text, (one) => one.tag === tag)
    expect(done?.released.map((one) => one.tag)).toEqual([tag])
    expect(done?.text).toBe(left)
  })

  test('takes several, and leaves a file that lists nothing', () => {
    const done = releaseVersions(FILE, text, () => true)
    expect(done?.released).toHaveLength(3)
    expect(done?.text).toBe(
      ['# head', '  # inside', '', '# about the second', '# end', ''].join('\n'),
    )
    expect(add(done?.text ?? '', entry())).toContain('# end\n- image:')
  })

  test('says null where nothing fits', () => {
    expect(releaseVersions(FILE, text, () => false)).toBeNull()
  })

  test.each(['[{image: a, tag: b}]\n', '- {image: a, tag: b}\n- nonsense\n'])(
    'throws `edit` for %j',
    (odd) => {
      expect(() => releaseVersions(FILE, odd, () => true)).toThrow(
        expect.objectContaining({ code: 'edit' }),
      )
    },
  )

  test('undoes what quarantineVersions() did, to the byte', () => {
    const entries = uniqueArray(
      record({ tag: stringMatching(/^[a-z0-9]{1,8}$/), reason: string() }),
      { selector: ({ tag }) => tag, minLength: 1, maxLength: 6 },
    )
    const eol = constantFrom('\n', '\r\n')
    assert(
      property(entries, eol, nat(5), (versions, end, at) => {
        const all = versions.map((one) => entry(one))
        const picked = all[at % all.length]
        const begin = `# mine${end}`
        const full = add(begin, ...all) ?? ''
        const rest = all.filter((one) => one !== picked)
        const less = rest.length === 0 ? begin : add(begin, ...rest)
        const done = releaseVersions(FILE, full, ({ tag }) => tag === picked?.tag)
        expect(done?.text).toBe(less)
      }),
    )
  })
})
