import { describe, expect, test } from 'vitest'

import { scanComposeFile } from '../../src/domain/compose/scan.ts'
import { usualDelivery } from '../../src/domain/proposal/settings.ts'
import { parseRepositorySettings } from '../../src/domain/repository-settings.ts'

const parse = (text: string | null) => parseRepositorySettings('.magos.yaml', text)

describe('parseRepositorySettings() reads', () => {
  test.each([null, '', '# nothing yet\n', 'defaults:\nstacks:\n', '{}'])(
    '%j as nothing',
    (text) => {
      expect(parse(text)).toEqual({
        settings: { defaults: {}, stacks: new Map(), delivery: usualDelivery },
        problems: [],
      })
    },
  )

  test('defaults and stacks', () => {
    const text = [
      'defaults:',
      '  range: ">=1 <2"',
      '  prerelease: true',
      '  maxJump: 3',
      'stacks:',
      '  apps/web: {name: shop, hosts: [nas, pi]}',
      '  ./media/:',
      '    hosts: [pi]',
      '  .: {name: root}',
    ].join('\n')
    const { settings, problems } = parse(text)
    expect(problems).toEqual([])
    expect(settings.defaults).toEqual({ range: '>=1 <2', prerelease: true, maxJump: 3 })
    expect([...settings.stacks]).toMatchObject([
      ['apps/web', { name: 'shop', hosts: ['nas', 'pi'] }],
      ['media', { name: null, hosts: ['pi'] }],
      ['', { name: 'root', hosts: null }],
    ])
  })
})

describe('parseRepositorySettings() reports', () => {
  test.each([
    ['an unknown key', 'stack: {}\n', '1:1 unreadable: File has the unknown key "stack"'],
    ['no mapping', '- a\n', '1:1 unreadable: File is no mapping'],
    ['stacks that are none', 'stacks: [a]\n', '1:9 unreadable: stacks is no mapping'],
    ['defaults that are none', 'defaults: x\n', '1:11 unreadable: defaults is no mapping'],
    ['two documents', 'stacks: {}\n---\na: b\n', '3:1 unreadable: File holds several documents'],
    ['broken YAML', 'stacks: {\n', '2:1 compose: '],
    ['a duplicate key', 'stacks: {a: {}, a: {}}\n', '1:17 compose: Key "a" stands twice'],
    ['a stack that is none', 'stacks:\n  a: nas\n', '2:6 configuration: Stack "a" is no mapping'],
    [
      'an unknown key of a stack',
      'stacks: {a: {host: [nas]}}\n',
      '1:14 configuration: Stack "a" has the unknown key "host"',
    ],
    [
      'a name that is none',
      'stacks: {a: {name: My App}}\n',
      '1:20 configuration: Stack name "My App"',
    ],
    [
      'hosts that are none',
      'stacks: {a: {hosts: nas}}\n',
      '1:21 configuration: Hosts cannot be read',
    ],
    ['no hosts', 'stacks: {a: {hosts: []}}\n', '1:21 configuration: Hosts cannot be read'],
    ['an unknown default', 'defaults: {rnge: "*"}\n', '1:18 configuration: Cannot read the policy'],
    ['a bad range', 'defaults: {range: "!=1"}\n', '1:19 configuration: '],
    [
      'a default policy',
      'defaults: {policy: semver}\n',
      '1:20 configuration: defaults has the key',
    ],
    ['a key of another policy', 'defaults: {tag: x}\n', '1:17 configuration: Cannot read policy'],
    [
      'a list as default',
      'defaults: {range: [x]}\n',
      '1:19 configuration: Cannot read "range" ["x"]',
    ],
    ['a default __proto__', 'defaults: {__proto__: x}\n', '1:23 configuration: '],
  ])('%s', (_, text, expected) => {
    const { problems } = parse(text)
    expect(problems).toHaveLength(1)
    const [problem] = problems
    expect(`${problem?.line}:${problem?.column} ${problem?.code}: ${problem?.message}`).toContain(
      expected,
    )
    expect(problem).toMatchObject({ file: '.magos.yaml', severity: 'error' })
    expect(problem?.remedy).toBeTruthy()
  })

  test.each(['nas', '{host: [nas]}', '{hosts: nas}', '{hosts: [1]}'])(
    'a stack %s, which then belongs to nobody',
    (value) => {
      const { settings, problems } = parse(`stacks:\n  a: ${value}\n  b: {hosts: [pi]}\n`)
      expect(problems).toHaveLength(1)
      expect(settings.stacks.get('a')?.hosts).toEqual([])
      expect(settings.stacks.get('b')?.hosts).toEqual(['pi'])
    },
  )

  test.each([
    ['range: "!=1"', 'semver alone'],
    ['tag: x', 'semver alone'],
    ['rnge: "1"', 'all'],
    ['minage: 3d', 'all'],
    ['minAge: 3 days', 'all'],
    ['window: nights', 'all'],
  ])('a default %s, which then holds the images that would take it (%s)', (line, reach) => {
    const { settings } = parse(`defaults: {${line}}\n`)
    const scan = (annotation: string) =>
      scanComposeFile('c.yaml', `services: {a: {image: n:1}} # ${annotation}`, settings).images[0]
    const held = scan('{"magos": {"policy": "semver"}}')
    expect(held?.policy).toBeNull()
    expect(held?.held).toContain('The defaults of .magos.yaml do not fit')
    for (const kind of ['latest', 'calver', 'numeric']) {
      const other = scan(`{"magos": {"policy": "${kind}"}}`)
      expect([kind, other?.held === null]).toEqual([kind, reach === 'semver alone'])
    }
    expect(scan('{"magos": {"policy": "digest"}}')?.held).toBeNull()
  })
})
