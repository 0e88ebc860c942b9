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
})
