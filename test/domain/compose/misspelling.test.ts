import { describe, expect, test } from 'vitest'

import { scanComposeFile } from '../../../src/domain/compose/scan.ts'

const problems = (text: string) =>
  scanComposeFile('compose.yaml', text, { defaults: {} }).problems.map(
    ({ line, column, severity, message }) => `${line}:${column} ${severity}: ${message}`,
  )

describe('misspellings()', () => {
  test.each([
    [
      'an annotation',
      'services:\n  a: {image: n:1} # see {"mago": {"policy": "semver"}}\n',
      '2:27 warning: Key "mago" means nothing here: probably "magos" is meant',
    ],
    [
      'an annotation in capitals',
      'services:\n  a: {image: n:1} # {"Magos": {}}\n',
      '"Magos" means nothing',
    ],
    [
      'the services',
      'name: x\nservces:\n  a: {image: n:1}\n',
      '2:1 warning: Key "servces" means nothing',
    ],
    [
      'an image',
      'services:\n  a:\n    iamge: n:1\n',
      '3:5 warning: Key "iamge" means nothing here',
    ],
    ...[
      '# magos: {"policy": "semver"}',
      '# "magos": {"policy": "semver"}',
      '# {"magos" {"policy": "semver"}}',
      '# magos=semver',
    ].map((comment) => [
      `a comment that is nearly an annotation: ${comment}`,
      `services:\n  a: {image: n:1} ${comment}\n`,
      'warning: Comment is no annotation: nothing manages this image',
    ]),
    [
      'an annotation without its name',
      'services:\n  a: {image: n:1} # {"policy": "semver"}\n',
      '2:21 warning: Annotation has no key "magos"',
    ],
    ...[
      'magos: {policy: semver}',
      'x-magos: {policy: semver}',
      'labels: {magos.policy: semver}',
      'labels: [magos.policy=semver]',
    ].map((keys) => [
      `an annotation outside a comment: ${keys}`,
      `services:\n  a: {image: n:1, ${keys}}\n`,
      'means nothing here: an annotation is a comment',
    ]),
  ])('points out %s', (_, text, message) => {
    const found = problems(text)
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(message)
  })

  test.each([
    ['an annotation of ours', 'services:\n  a: {image: n:1} # {"magos": {"policy": "semver"}}\n'],
    ['another tool’s note', 'services:\n  a: {image: n:1} # {"mango": 1} {"renovate": {"x": 1}}\n'],
    ['volumes and secrets without services', 'volumes: {}\nsecrets: {}\nx-service: {}\n'],
    ['a service that builds', 'services:\n  a: {build: ., images: 1}\n'],
    ['a label that Magos wrote itself', 'services:\n  a: {image: n:1, labels: {magos.stack: x}}\n'],
    ['a word about us', 'services:\n  a: {image: n:1} # magos leaves this alone\n# magos: rules\n'],
    ['nothing', ''],
  ])('says nothing of %s', (_, text) => {
    expect(problems(text)).toEqual([])
  })
})

describe('parseYamlFile()', () => {
  test.each([
    [
      'an unclosed flow mapping',
      'services:\n  a: {image: n:1\n  b: {image: n:2}\n  c: {image: n:3}\n',
    ],
    [
      'a wrong indentation',
      'services:\n  a:\n    image: n:1\n   tty: true\n  b:\n    image: n:2\n',
    ],
    ['a missing colon', 'services:\n  a\n    image: n:1\n    tty: true\n  b:\n    image: n:1\n'],
    ['an unclosed quote', 'services:\n  a:\n    image: "n:1\n  b:\n    image: n:2\n  c: "x"\n'],
    ['tabs', 'services:\n\ta:\n\t\timage: n:1\n\tb:\n\t\timage: n:1\n'],
  ])('makes one problem of %s', (_, text) => {
    expect(problems(text)).toHaveLength(1)
  })

  test.each([
    [
      'how many more there are',
      'a: b: c\n d: e\n',
      '1:4 error: Nested mappings are not allowed in compact mappings; 2 more, which may follow from it',
    ],
    [
      'where a quote opens that is never closed',
      'a: "x"\nb: {c: "y\nd: 1\n',
      '2:8 error: Quote is never closed; 1 more, which may follow from it',
    ],
    [
      'where an annotation is no comment',
      'services:\n  a:\n    image: n:1 {"magos": {"policy": "semver"}}\n',
      '3:16 error: Annotation stands outside a comment',
    ],
  ])('says %s', (_, text, message) => {
    expect(problems(text)).toEqual([message])
  })
})
