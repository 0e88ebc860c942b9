import { describe, expect, test } from 'vitest'

import { hasAnnotation, readAnnotation } from '../../src/domain/annotation.ts'
import { parseImageReference } from '../../src/domain/image-reference.ts'
import { noRules } from '../../src/domain/policy/rules.ts'

const image = parseImageReference('ghcr.io/o/app:1.4.2')
const read = (comment: string) => readAnnotation(comment, image, {})
const magos = (fields: string) => `# {"magos": {${fields}}}`

function defects(comment: string) {
  return read(comment)?.defects.map(({ offset, message }) => `${offset} ${message}`)
}

describe('readAnnotation() reads', () => {
  test.each([
    '# {"magos": {"policy": "semver"}}',
    '#{"magos":{"policy":"semver"}}',
    '#\t{ "magos" : { "policy" : "semver" } }  ',
    '# see the wiki {"magos": {"policy": "semver"}} before you change it',
    '# {} {"magos": {"policy": "semver"}}',
    '# {"magos": {"policy": "semver", "repo": "ghcr.io/o/app"}}',
    '# {"magos": {"policy": "semver", "include": "^[{}\\"]+$"}}',
    String.raw`# {"magos": {"p\u006flicy": "semver"}}`,
    '# {"magos": {"policy": "semver", "range": "^1", "ignore": [{"range": "^2"}, {"range": "^3"}]}}',
  ])('%s', (comment) => {
    expect(read(comment)).toMatchObject({ policy: { kind: 'semver' }, defects: [] })
  })

  test.each(['#', '# magos: on', '# {"renovate": {}}', '# "magos"', '# {"note": "magos:"}'])(
    'nothing in %s',
    (comment) => {
      expect(read(comment)).toBeNull()
      expect(hasAnnotation(comment)).toBe(false)
    },
  )

  test('every key of every policy', () => {
    const digest = `sha256:${'a'.repeat(64)}`
    expect(
      read(
        magos(
          '"policy": "semver", "range": "^1", "prerelease": true, "include": "a", "exclude": "b", "extract": "(?<version>.*)", "maxJump": 2, "missing": "proceed", "moved": "follow"',
        ),
      )?.policy,
    ).toEqual({
      kind: 'semver',
      range: '^1',
      prerelease: 'included',
      include: 'a',
      exclude: 'b',
      extract: '(?<version>.*)',
      maxJump: 2,
      missing: 'proceed',
      moved: 'follow',
      ignore: [],
      ...noRules,
    })
    expect(read(magos('"policy": "latest", "tag": "edge"'))?.policy).toEqual({
      kind: 'latest',
      tag: 'edge',
      ...noRules,
    })
    expect(read(magos(`"policy": "digest", "digest": "${digest}"`))?.policy).toEqual({
      kind: 'digest',
      digest,
    })
  })

  test.each([
    ['nginx', 'docker.io/library/nginx'],
    ['index.docker.io/library/nginx', 'nginx:1'],
  ])('the repository %s of the image %s', (repo, text) => {
    const comment = magos(`"policy": "latest", "repo": "${repo}"`)
    expect(readAnnotation(comment, parseImageReference(text), {})?.defects).toEqual([])
  })

  test('any repository where the line’s own is not known', () => {
    const comment = magos('"policy": "latest", "repo": "x"')
    expect(readAnnotation(comment, null, {})?.policy).toEqual({
      kind: 'latest',
      tag: 'latest',
      ...noRules,
    })
  })

  test('defaults for semver, and what is written before them', () => {
    const defaults = { range: '^1', maxJump: 5 }
    expect(
      readAnnotation(magos('"policy": "semver", "range": "^2"'), image, defaults),
    ).toMatchObject({ policy: { range: '^2', maxJump: 5 } })
    expect(readAnnotation(magos('"policy": "latest"'), image, defaults)?.defects).toEqual([])
  })
})

describe('readAnnotation() refuses', () => {
  test.each([
    ['# {"magos": {"policy": "semver"}', ['2 Annotation has no closing brace']],
    ["# {'magos': {'policy': 'semver'}}", ['2 Annotation is no valid JSON']],
    ['# {magos: {policy: semver}}', ['2 Annotation is no valid JSON']],
    ['# {"magos": {"policy": "semver",}}', ['2 Annotation is no valid JSON']],
    ['# {"magos": "semver"}', ['2 Annotation holds no object behind "magos"']],
    ['# {"magos": ["semver"]}', ['2 Annotation holds no object behind "magos"']],
    ['# {"magos": null}', ['2 Annotation holds no object behind "magos"']],
    ['# {"magos": {}, "x": 1}', ['2 Annotation has the key "x" beside "magos"']],
    [magos('"range": "*"'), ['2 Cannot read the policy: the key "policy" is missing']],
    [
      magos('"policy": "semver", "policy": "latest"'),
      ['33 Annotation names the key "policy" twice'],
    ],
    [
      magos('"polcy": "semver", "__proto__": {}'),
      [
        '13 Annotation has the unknown key "polcy"',
        '32 Annotation has the unknown key "__proto__"',
      ],
    ],
    [
      magos('"policy": "semver", "repo": "ghcr.io/o/other"'),
      ['33 Annotation names the repository "ghcr.io/o/other": the line runs "ghcr.io/o/app"'],
    ],
    [
      magos('"policy": "semver", "repo": "ghcr.io/o/app:1.4.2"'),
      ['33 Annotation names the repository "ghcr.io/o/app:1.4.2": that is none'],
    ],
    [
      magos('"policy": "semver", "repo": 1'),
      ['33 Annotation names the repository 1: that is none'],
    ],
    [
      `${magos('"policy": "latest"')} ${magos('"policy": "latest"')}`,
      ['36 Line has two annotations'],
    ],
    [`# {"magos": {"policy": "${'x'.repeat(5000)}"}}`, ['2 Annotation has no closing brace']],
    [
      `# {"magos": ${'['.repeat(2000)}${']'.repeat(2000)}}`,
      ['2 Annotation holds no object behind "magos"'],
    ],
  ])('%s', (comment, expected) => {
    expect(read(comment)?.policy).toBeNull()
    expect(defects(comment)).toEqual(expected)
    for (const { remedy } of read(comment)?.defects ?? []) expect(remedy).toBeTruthy()
  })

  test('what the policy refuses, in its words', () => {
    expect(read(magos('"policy": "semver", "range": "!=1"'))?.defects).toMatchObject([
      { offset: 2, code: 'policy' },
    ])
    expect(read(magos('"policy": "latest", "range": "*"'))?.defects).toMatchObject([
      { offset: 2, code: 'policy' },
    ])
  })
})
