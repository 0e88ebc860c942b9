import { describe, expect, test } from 'vitest'

import { parseQuarantine } from '../../../src/domain/quarantine/parse.ts'
import {
  quarantineObstacle,
  type Quarantine,
  type QuarantineEntry,
} from '../../../src/domain/quarantine/quarantine.ts'
import { digest, entry } from './entry.ts'

const FILE = '.magos/quarantine.yaml'
const parse = (text: string | null) => parseQuarantine(FILE, text)

describe('parseQuarantine() reads', () => {
  test.each([null, '', '# nothing yet\n', '---\n', 'null\n', '[]\n'])('%j as nothing', (text) => {
    expect(parse(text)).toEqual({ entries: [], shut: [], problems: [] })
  })

  test('entries, as people write them too: no quotes, short names, nothing but what is needed', () => {
    const text = [
      '# ours',
      '- image: nginx',
      '  tag: 1.10',
      '- { image: localhost:5000/a/b, digest: ' + digest(3) + ', reason: }',
    ].join('\n')
    const rest = { host: '', commit: '', reason: '', at: '' }
    expect(parse(text)).toEqual({
      entries: [
        { image: 'docker.io/library/nginx', tag: '1.10', digest: null, ...rest },
        { image: 'localhost:5000/a/b', tag: null, digest: digest(3), ...rest },
      ],
      shut: [],
      problems: [],
    })
  })

  test('an entry with a key that it does not know, and says so', () => {
    const { entries, shut, problems } = parse('- image: nginx\n  tag: "1"\n  digset: x\n')
    expect(entries).toHaveLength(1)
    expect(shut).toEqual([])
    expect(problems).toMatchObject([{ line: 3, column: 3, severity: 'warning' }])
  })
})

describe('parseQuarantine() shuts', () => {
  test.each([
    ['a mapping', 'image: nginx\n', 1, 1],
    ['a text', 'nginx\n', 1, 1],
    ['broken YAML', '- image: "nginx\n', 1, 10],
    ['two documents', '- {image: a, tag: b}\n---\n- {image: a, tag: b}\n', 3, 1],
    ['a key that stands twice', '- image: a\n  tag: b\n  tag: c\n', 3, 3],
    ['an entry without an image', '- {image: a, tag: b}\n- tag: c\n', 2, 3],
    ['an entry that is a text', '- nginx\n', 1, 3],
    ['an alias in place of an image', '- {image: &a nginx, tag: b}\n- {image: *a, tag: b}\n', 2, 4],
    ['an image with a tag', '- image: nginx:1\n  tag: "1"\n', 1, 3],
  ])('every image for %s', (_, text, line, column) => {
    const { shut } = parse(text)
    expect(shut.map(({ image }) => image)).toEqual([null])
    expect(shut[0]?.problem).toMatchObject({ file: FILE, line, column, severity: 'error' })
  })

  test.each([
    ['a short digest', 'digest: sha256:abc'],
    ['no digest and no tag', 'reason: bad'],
    ['a tag that is none', 'tag: "a b"'],
    ['a list for a tag', 'tag: [a]'],
  ])('only its own image for %s, and reads the others', (_, line) => {
    const { entries, shut } = parse(`- image: nginx\n  ${line}\n- {image: other, tag: x}\n`)
    expect(entries.map(({ image }) => image)).toEqual(['docker.io/library/other'])
    expect(shut.map(({ image }) => image)).toEqual(['docker.io/library/nginx'])
  })
})

describe('quarantineObstacle()', () => {
  const candidate = { image: 'ghcr.io/o/app', tag: '1.1.0', digest: digest(2) }

  test('is null for what nobody listed', () => {
    expect(quarantineObstacle(sound(entry({ digest: digest(9) })), candidate)).toBeNull()
    expect(quarantineObstacle(sound(entry({ digest: null, tag: '2' })), candidate)).toBeNull()
    const other = entry({ digest: null, image: 'ghcr.io/o/other' })
    expect(quarantineObstacle(sound(other), candidate)).toBeNull()
  })

  test('finds a digest under whatever tag and name it comes', () => {
    const listed = entry({ image: 'docker.io/o/app', tag: '0.9' })
    expect(quarantineObstacle(sound(listed), candidate)).toEqual({
      kind: 'waits',
      reason:
        '"1.1.0" is quarantined by nas since 2026-01-01T00:00:00.000Z: service "web" is unhealthy',
      remedy: 'Wait for a newer version, or release it with: magos release docker.io/o/app:0.9',
    })
  })

  test('finds a tag where the entry has no digest', () => {
    expect(quarantineObstacle(sound(entry({ digest: null })), candidate)?.kind).toBe('waits')
  })

  test('stands in the way of all that an unreadable entry could name', () => {
    const problem = { ...placed, message: 'Digest is none' }
    const shut = { entries: [], problems: [], shut: [{ image: 'ghcr.io/o/app', problem }] }
    expect(quarantineObstacle(shut, candidate)).toEqual({
      kind: 'problem',
      reason:
        '"1.1.0" may be quarantined: .magos/quarantine.yaml:3:5 cannot be read: Digest is none',
      remedy: 'Mend .magos/quarantine.yaml; until then nothing is updated that it could name',
    })
    expect(quarantineObstacle(shut, { ...candidate, image: 'ghcr.io/o/other' })).toBeNull()
    const all = { ...shut, shut: [{ image: null, problem }] }
    expect(quarantineObstacle(all, { ...candidate, image: 'ghcr.io/o/other' })).not.toBeNull()
  })
})

function sound(...entries: readonly QuarantineEntry[]): Quarantine {
  return { entries, shut: [], problems: [] }
}

const placed = { file: FILE, line: 3, column: 5, severity: 'error', code: 'quarantine' } as const
