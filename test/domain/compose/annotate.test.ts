import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { annotateComposeFile } from '../../../src/domain/compose/annotate.ts'
import { decide } from '../../../src/domain/policy/decide.ts'
import { parsePolicy } from '../../../src/domain/policy/parse.ts'
import { parseImageReference } from '../../../src/domain/image-reference.ts'
import { proposePolicy } from '../../../src/domain/policy/propose.ts'

const settings = { defaults: {} }
const annotate = (text: string) => annotateComposeFile('compose.yaml', text, settings)

function frame(line: string): string {
  return `# head\nservices:\n  a:\n    ${line}\n    tty: true\n`
}

function dated(variant: string): object {
  return { policy: 'calver', extract: `^(?P<version>[0-9]{8})${variant}$` }
}

describe('proposePolicy()', () => {
  it.each<[image: string, fields: object]>([
    ['nginx:1.27.0', { policy: 'semver', range: '^1' }],
    ['nginx:1.27.0-alpine3.20', { policy: 'semver', range: '^1' }],
    ['o/app:v2.1', { policy: 'semver', range: '^2' }],
    ['o/app:0.3.7', { policy: 'semver', range: '^0.3' }],
    ['o/app:0.3', { policy: 'semver', range: '^0' }],
    [
      'o/app:4.0.9.1939-ls225',
      { policy: 'numeric', extract: '^(?P<version>[0-9]+([.][0-9]+)+)-ls[0-9]+$' },
    ],
    ['o/app:4.0.9.1939-foo225', { policy: 'digest' }],
    ['o/app:4.0.9-ls225', { policy: 'semver', range: '^4' }],
    ['o/app:1.3.0-rc.1', { policy: 'semver', range: '^1' }],
    ['o/app:2025.2.3', { policy: 'semver' }],
    ['o/app:2025.02.03', { policy: 'calver' }],
    ['o/app:2025-06-03', { policy: 'calver' }],
    ['o/app:2025-11-23', { policy: 'calver' }],
    ['o/app:20250603', { policy: 'calver' }],
    ['o/app:20250603-alpine3.20', dated('-alpine3[.]20')],
    ['o/app:20250603-slim', dated('-slim')],
    ['o/app:20251303-slim', { policy: 'latest', tag: '20251303-slim' }],
    ['o/app:20250603.1', { policy: 'numeric' }],
    ['o/app:9999.1', { policy: 'semver' }],
    ['o/app:10000.1-slim', { policy: 'semver' }],
    ['ubuntu:24.04', { policy: 'calver' }],
    ['o/app:4.9.0.12', { policy: 'numeric' }],
    ['o/app:2341', { policy: 'numeric' }],
    ['postgres:16', { policy: 'latest', tag: '16' }],
    ['node:22-alpine', { policy: 'latest', tag: '22-alpine' }],
    ['nginx', { policy: 'latest' }],
    ['nginx:latest', { policy: 'latest' }],
    ['o/app:stable', { policy: 'latest', tag: 'stable' }],
    ['o/app:main', { policy: 'latest', tag: 'main' }],
    ['o/app:fix__50', { policy: 'digest' }],
    ['o/app:9f3a2b1', { policy: 'digest' }],
    ['o/app:deadbeef', { policy: 'digest' }],
    ['o/app:sha-0a1b2c3', { policy: 'digest' }],
    [`o/app@sha256:${'a'.repeat(64)}`, { policy: 'digest' }],
  ])('of %s', (image, fields) => {
    const proposed = proposePolicy(parseImageReference(image))
    expect(proposed.fields).toEqual(fields)
    expect(proposed.reason).not.toBe('')
  })
})

it('proposePolicy() proposes what follows a version of four numbers and a build counter', () => {
  const committed = '4.0.9.1939-ls225'
  const { fields } = proposePolicy(parseImageReference(`o/app:${committed}`))
  const tags = [committed, '4.0.9.1939-ls226', '4.0.10.2-ls227', '4.0.10.3', 'amd64-4.0.11.1-ls9']
  const decision = decide(parsePolicy(fields), committed, tags)
  expect(decision).toMatchObject({ outcome: 'update', tag: '4.0.10.2-ls227' })
})

it.each([
  ['20250603-alpine3.20', ['20250604', '20250701-alpine3.20', '20250702-alpine3x20'], 1],
  ['20250603.1', ['20250603.2', '20250701.1', '20250702'], 1],
])('proposePolicy() proposes what follows %j over the end of its month', (tag, others, best) => {
  const { fields } = proposePolicy(parseImageReference(`o/app:${tag}`))
  const decision = decide(parsePolicy(fields), tag, [tag, ...others])
  expect(decision).toMatchObject({ outcome: 'update', tag: others[best] })
})

describe('annotateComposeFile()', () => {
  it.each([
    ['image: n:1.2.3', 'image: n:1.2.3  # {"magos": {"policy": "semver", "range": "^1"}}'],
    ['image: "n:1.2.3"\t', 'image: "n:1.2.3"\t# {"magos": {"policy": "semver", "range": "^1"}}'],
    ['image: n # keep', 'image: n # keep {"magos": {"policy": "latest"}}'],
    ['image: n\r', 'image: n  # {"magos": {"policy": "latest"}}\r'],
  ])('writes %j as %j', (line, expected) => {
    const { text, proposals } = annotate(frame(line))
    expect(text).toBe(frame(expected))
    expect(proposals).toHaveLength(1)
    expect(annotate(text)).toMatchObject({ text, proposals: [], skipped: [], problems: [] })
  })

  it('writes behind the last line where no newline ends it', () => {
    const { text } = annotate('services:\n  a:\n    image: n')
    expect(text).toBe('services:\n  a:\n    image: n  # {"magos": {"policy": "latest"}}')
  })

  it('writes behind the definition of an anchor and behind flow style', () => {
    const { text, skipped } = annotate(
      'x-i: &i n:1.2.3\nservices:\n  a: {image: *i}\n  b: {image: m:1.2.3}\n',
    )
    expect(text.split('\n').map((line) => line.includes('magos'))).toEqual([
      true,
      false,
      false,
      true,
      false,
    ])
    expect(skipped).toEqual([])
  })

  it.each([
    ['a variable', '  a:\n    image: n:${TAG}\n', /variable/],
    ['a build', '  a:\n    build: .\n    image: n:1\n', /builds/],
    ['a block scalar', '  a:\n    image: >\n      n:1\n', /block scalar/],
  ])('leaves %s alone where it has to', (_title, services, reason) => {
    const before = `services:\n${services}`
    const { text, skipped } = annotate(before)
    expect(text).toBe(before)
    expect(skipped.map((one) => one.reason).join()).toMatch(reason)
  })

  it('tells what is wrong with the defaults where that alone stands in the way', () => {
    const before = 'services:\n  a:\n    image: n:1.0.0\n'
    const { text, skipped } = annotateComposeFile('compose.yaml', before, {
      defaults: { minAge: 'soon' },
    })
    expect(text).toBe(before)
    expect(skipped.map(({ reason }) => reason)).toEqual([
      'The defaults of .magos.yaml do not fit: Cannot read "minAge" "soon": it is no age',
    ])
  })

  it('reports several images on one line', () => {
    const before = 'services: {a: {image: n:1}, b: {image: m:1}}\n'
    const { text, skipped } = annotate(before)
    expect(text).toBe(before)
    expect(skipped.map(({ reason }) => reason)).toEqual([
      'several images stand on its line',
      'several images stand on its line',
    ])
  })

  it('writes nothing into a file with problems', () => {
    const before = 'services:\n  a: {image: n:1\n'
    expect(annotate(before)).toMatchObject({ text: before, proposals: [] })
    expect(annotate(before).problems).not.toEqual([])
  })

  it('leaves every byte outside added comments as it was', () => {
    const image = fc.constantFrom(
      'n',
      'n:1.2.3',
      '"n:2025.02.03"',
      "'n:9'",
      'n:${T}',
      '*x',
      '',
      '7',
    )
    const tail = fc.constantFrom(
      '',
      ' ',
      ' # note',
      '  #',
      ' # {"magos": {"policy": "latest"}}',
      '\t',
    )
    const eol = fc.constantFrom('\n', '\r\n')
    const service = fc.tuple(fc.constantFrom('block', 'flow', 'open'), image, tail, eol)
    const file = fc.tuple(fc.array(service, { maxLength: 6 }), fc.constantFrom('', '\n', '\uFEFF'))
    let annotated = 0
    const property = fc.property(file, ([services, head]) => {
      const lines = services.map(([style, value, end, newline], index) => {
        if (style === 'block') return `  s${index}:${newline}    image: ${value}${end}${newline}`
        if (style === 'flow') return `  s${index}: {image: ${value}}${end}${newline}`
        return `  s${index}: {image: ${value},${end}${newline}    tty: true}${newline}`
      })
      const before = `${head}x-x: &x n:1.0.0\nservices:\n${lines.join('')}`
      const { text, proposals } = annotate(before)
      annotated += proposals.length
      const added = [...proposals].toReversed().reduce((rest, { comment, image: { line } }) => {
        const all = rest.split('\n')
        const own = all[line - 1] ?? ''
        const at = own.lastIndexOf(comment)
        expect(at).toBeGreaterThan(0)
        const gap = /[ \t]+$/.exec(own.slice(0, at))?.[0].length ?? 0
        const original = before.split('\n')[line - 1] ?? ''
        const kept = own.slice(0, at - gap) + own.slice(at + comment.length)
        expect(original.replaceAll(/[ \t]+(?=\r?$)/g, '')).toBe(kept)
        all[line - 1] = original
        return all.join('\n')
      }, text)
      expect(added).toBe(before)
    })
    expect(() => fc.assert(property, { numRuns: 300 })).not.toThrow()
    expect(annotated).toBeGreaterThan(100)
  })
})
