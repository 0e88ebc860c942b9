import { describe, expect, test } from 'vitest'

import { scanComposeFile } from '../../../src/domain/compose/scan.ts'

const noDefaults = { defaults: {} }
const scan = (text: string) => scanComposeFile('compose.yaml', text, noDefaults)
const note = '# {"magos": {"policy": "semver"}}'

/** One line an image: place, services, text and, behind a bar, why it is held. */
function shown(text: string) {
  return scan(text).images.map(
    ({ line, column, services, text: value, policy, held }) =>
      `${line}:${column} ${services.join('+')} ${value} ${policy?.kind ?? '-'}${held === null ? '' : ` | ${held}`}`,
  )
}

function problems(text: string) {
  return scan(text).problems.map(
    ({ line, column, severity, code, message }) =>
      `${line}:${column} ${severity} ${code}: ${message}`,
  )
}

describe('scanComposeFile() locates', () => {
  test.each([
    ['a plain scalar', 'services:\n  a:\n    image: nginx:1.2\n', ['3:12 a nginx:1.2 -']],
    ['inside double quotes', 'services:\n  a:\n    image: "nginx:1.2"\n', ['3:13 a nginx:1.2 -']],
    ['inside single quotes', "services:\n  a:\n    image: 'nginx:1.2'\n", ['3:13 a nginx:1.2 -']],
    ['a quoted key', 'services:\n  a:\n    "image": nginx:1.2\n', ['3:14 a nginx:1.2 -']],
    ['a flow mapping', 'services: {a: {image: nginx:1.2}}\n', ['1:23 a nginx:1.2 -']],
    ['without final newline', 'services:\n  a:\n    image: nginx:1.2', ['3:12 a nginx:1.2 -']],
    ['behind CRLF', 'services:\r\n  a:\r\n    image: nginx:1.2\r\n', ['3:12 a nginx:1.2 -']],
    ['behind a BOM', '\uFEFFservices:\n  a:\n    image: nginx:1.2\n', ['3:12 a nginx:1.2 -']],
    ['an explicit key', 'services:\n  a:\n    ? image\n    : nginx:1.2\n', ['4:7 a nginx:1.2 -']],
    ['far to the right', 'services:\n  a:\n    image:      nginx:1.2\n', ['3:17 a nginx:1.2 -']],
    ['on the next line', 'services:\n  a:\n    image:\n      nginx:1.2\n', ['4:7 a nginx:1.2 -']],
    ['columns in UTF-16 units', 'services: {"😀": {image: nginx:1}}\n', ['1:26 😀 nginx:1 -']],
    ['the tag !!str', 'services:\n  a:\n    image: !!str nginx:1\n', ['3:18 a nginx:1 -']],
    [
      'every service and no other image',
      'x-t: {image: other:1}\nservices:\n  a: {image: one:1}\n  b: {image: two:2}\nvolumes: {image: {}}\n',
      ['3:14 a one:1 -', '4:14 b two:2 -'],
    ],
    [
      'every document',
      'services:\n  a: {image: one:1}\n---\nservices:\n  b: {image: two:2}\n',
      ['2:14 a one:1 -', '5:14 b two:2 -'],
    ],
    [
      'names that are no keys of ours',
      'services: {__proto__: {image: a:1}}',
      ['1:31 __proto__ a:1 -'],
    ],
    ['nothing where there are no services', 'volumes: {}\n', []],
    ['nothing in an empty file', '', []],
    ['nothing where services are a list', 'services: [1]\n', []],
  ])('%s', (_, text, expected) => {
    expect(shown(text)).toEqual(expected)
    expect(problems(text)).toEqual([])
  })

  test('a range that cuts the reference out of the text', () => {
    const text = '\uFEFFservices:\r\n  a:\r\n    image: "nginx:1.2"  # x\r\n  b: {image: redis}\r\n'
    expect(scan(text).images.map(({ range }) => text.slice(...range))).toEqual([
      'nginx:1.2',
      'redis',
    ])
  })
})

describe('scanComposeFile() follows', () => {
  test.each([
    [
      'an alias to its anchor',
      'x-i: &i nginx:1\nservices:\n  a:\n    image: *i\n  b:\n    image: *i\n',
      ['1:9 a+b nginx:1 -'],
    ],
    [
      'a merge to its anchor',
      'x-b: &b\n  image: nginx:1\nservices:\n  a:\n    <<: *b\n  b:\n    <<: [*b]\n    tty: true\n',
      ['2:10 a+b nginx:1 -'],
    ],
    [
      'an own image before a merged one',
      'x-b: &b {image: nginx:1}\nservices:\n  a: {<<: *b}\n  b: {<<: *b, image: own:1}\n',
      ['1:17 a nginx:1 -', '4:22 b own:1 -'],
    ],
    [
      'the first of several merges',
      'x-a: &a {image: one:1}\nx-b: &b {image: two:2}\nservices:\n  s: {<<: [*a, *b]}\n',
      ['1:17 s one:1 -'],
    ],
    [
      'the last definition of an anchor',
      'x-a: &i one:1\nx-b: &i two:2\nservices:\n  s: {image: *i}\n',
      ['2:9 s two:2 -'],
    ],
    [
      'a whole service that is an alias',
      'services:\n  a: &a\n    image: nginx:1\n  b: *a\n',
      ['3:12 a+b nginx:1 -'],
    ],
    [
      'merges of merges',
      'x-a: &a {image: one:1}\nx-b: &b {<<: *a}\nservices:\n  s: {<<: *b}\n',
      ['1:17 s one:1 -'],
    ],
    [
      'services that are merged in',
      'x-s: &s\n  a: {image: one:1}\nservices:\n  <<: *s\n  b: {image: two:2}\n',
      ['2:14 a one:1 -', '5:14 b two:2 -'],
    ],
    [
      'extends within the file',
      'services:\n  base: {image: one:1}\n  a: {extends: base}\n  b: {extends: {service: a}}\n  c: {extends: {file: ./compose.yaml, service: b}}\n',
      ['2:17 base+a+b+c one:1 -'],
    ],
    [
      'no extends into other files, and no circle',
      'services:\n  one: {image: one:1}\n  a: {extends: {file: other.yaml, service: one}}\n  b: {extends: c}\n  c: {extends: b}\n',
      ['2:16 one one:1 -'],
    ],
    [
      'a merge where an own image is reset',
      'x-b: &b {image: one:1}\nservices:\n  a: {<<: *b, image: !reset null}\n  b: {<<: *b}\n',
      ['1:17 a+b one:1 -'],
    ],
    [
      'a quoted merge key as a key like any other',
      'x-b: &b {image: nginx:1}\nservices:\n  a: {"<<": *b}\n',
      [],
    ],
  ])('%s', (_, text, expected) => {
    expect(shown(text)).toEqual(expected)
    expect(problems(text)).toEqual([])
  })

  test('150 services on three anchors, and a bomb of aliases, without a limit', () => {
    const anchors = [0, 1, 2].map((n) => `x-${n}: &a${n}\n  image: img${n}:1\n`).join('')
    const services = Array.from({ length: 150 }, (_, n) => `  s${n}:\n    <<: *a${n % 3}\n`)
    const { images } = scan(`${anchors}services:\n${services.join('')}`)
    expect(images.map(({ services: users }) => users.length)).toEqual([50, 50, 50])

    const bomb = Array.from(
      { length: 30 },
      (_, n) => `x-${n + 1}: &m${n + 1} {<<: [${`*m${n}, `.repeat(8)}*m${n}]}\n`,
    )
    const started = performance.now()
    expect(
      shown(
        `x-0: &m0 {tty: true}\n${bomb.join('')}services: {a: {<<: *m30, image: x:1}, b: {<<: *m30}}`,
      ),
    ).toHaveLength(1)
    expect(performance.now() - started).toBeLessThan(1000)
  })
})

describe('scanComposeFile() holds', () => {
  test.each([
    ['a variable', 'image: "${IMG}"', 'variable "IMG" is controlled by the environment'],
    ['a part of a tag', 'image: nginx:${V:-1}-alpine', 'variable "V" is neither a whole'],
    ['a doubled dollar', 'image: nginx$$x', 'its value holds a "$" that begins no variable'],
    ['a folded block', 'image: >\n      nginx:1', 'it is written as a block scalar'],
    ['a literal block', 'image: |\n      nginx:1', 'it is written as a block scalar'],
    [
      'two folded lines',
      'image: nginx:1\n      more',
      'it is written with escapes or over several',
    ],
    ['an escape', String.raw`image: "nginx\x3A1"`, 'it is written with escapes or over several'],
    ['a foreign tag', 'image: !override nginx:1', 'it carries the tag "!override"'],
    ['no reference', 'image: nginx:1.2#pinned', 'Cannot read image reference "nginx:1.2#pinned"'],
    ['an empty text', 'image: ""', 'Cannot read image reference "": it is empty'],
    ['build beside it', 'image: nginx:1\n    build: .', 'service "a" builds its image'],
  ])('%s', (_, line, reason) => {
    const [image] = scan(`services:\n  a:\n    ${line}\n`).images
    expect(image?.held).toContain(reason)
    expect(problems(`services:\n  a:\n    ${line}\n`)).toEqual([])
  })

  test.each([
    [
      'build that is merged in',
      'x-b: &b {build: .}\nservices:\n  a: {<<: *b, image: one:1}\n',
      ['3:22 a one:1 - | service "a" builds its image, so it only names it'],
    ],
    [
      'build of a service that takes the image by extends',
      'services:\n  a: {image: one:1}\n  b: {extends: a, build: .}\n',
      ['2:14 a+b one:1 - | service "b" builds its image, so it only names it'],
    ],
    [
      'build in a later document',
      'services: {a: {image: one:1}}\n---\nservices: {a: {build: .}}\n',
      ['1:23 a one:1 - | service "a" builds its image, so it only names it'],
    ],
    [
      'what a later document overrides',
      'services: {a: {image: one:1}}\n---\nservices: {a: {image: two:2}}\n',
      ['1:23 a one:1 - | a later document of the file overrides it in line 3', '3:23 a two:2 -'],
    ],
    [
      'what a later document resets',
      'services: {a: {image: one:1}}\n---\nservices: {a: {image: !reset null}}\n',
      ['1:23 a one:1 - | a later document of the file overrides it in line 3'],
    ],
    [
      'an anchor that is more than an image',
      'services:\n  a: {image: &i one:1}\n  b: {image: *i, hostname: *i}\n',
      ['2:17 a+b one:1 - | its anchor "&i" is used in line 3 too, where it is no service’s image'],
    ],
  ])('%s', (_, text, expected) => {
    expect(shown(text)).toEqual(expected)
  })

  test.each(['1234', '[nginx]', '{a: b}', 'true'])('no image that is %s', (value) => {
    const text = `services:\n  a:\n    image: ${value}\n`
    expect(shown(text)).toEqual([])
    expect(problems(text)).toEqual([
      '3:12 error compose: Cannot read the image of service "a": it is no text',
    ])
  })

  test.each(['!reset null', 'null', ''])('nothing against the absent image %s', (value) => {
    const text = `services:\n  a:\n    image: ${value}\n`
    expect([shown(text), problems(text)]).toEqual([[], []])
  })
})

describe('scanComposeFile() binds annotations', () => {
  test.each([
    ['behind a plain scalar', `services:\n  a:\n    image: nginx:1.2  ${note}\n`],
    ['behind quotes', `services:\n  a:\n    image: 'nginx:1.2'  ${note}\n`],
    ['behind a flow mapping', `services:\n  a: {image: nginx:1.2}  ${note}\n`],
    [
      'within a flow mapping',
      `services:\n  a: {\n    image: nginx:1.2,  ${note}\n    tty: true\n  }\n`,
    ],
    ['behind a tab and CRLF', `services:\r\n  a:\r\n    image: nginx:1.2\t${note}\r\n`],
    ['at an anchor', `x-i: &i nginx:1.2 ${note}\nservices: {a: {image: *i}}\n`],
    ['behind the header of a block', `services:\n  a:\n    image: >- ${note}\n      nginx:1.2\n`],
    ['behind a default', `services:\n  a:\n    image: nginx:\${V:-1.2} ${note}\n`],
    ['at the end of the file', `services:\n  a:\n    image: nginx:1.2  ${note}`],
    [
      'within other words',
      'services:\n  a:\n    image: nginx:1.2  # pinned {"magos": {"policy": "semver"}} by me\n',
    ],
  ])('%s', (_, text) => {
    const { images, problems: found } = scan(text)
    expect(found).toEqual([])
    expect(images.map(({ policy, held }) => [policy?.kind, held])).toEqual([['semver', null]])
  })

  test('each line its own', () => {
    const text = [
      'services:',
      `  a: {image: nginx:1}  ${note}`,
      '  b: {image: nginx:1}  # {"magos": {"policy": "latest", "tag": "edge"}}',
      '  c: {image: nginx:1}  # plain',
    ].join('\n')
    expect(scan(text).images.map(({ policy }) => policy?.kind ?? null)).toEqual([
      'semver',
      'latest',
      null,
    ])
  })

  test('and keeps the policy of a line that is held', () => {
    expect(shown(`services:\n  a:\n    image: \${IMG}  ${note}\n`)).toEqual([
      '3:12 a ${IMG} semver | variable "IMG" is controlled by the environment or a .env that is not here',
    ])
  })

  test('and holds a line of an encrypted file, whose MAC an edit would break', () => {
    const [whole, clear] = ['', ', mac_only_encrypted: true'].map(
      (more) =>
        `services:\n  a: {image: 'nginx:1', x: 'ENC[AES256_GCM,data:x]'}  ${note}\nsops: {mac: x${more}}\n`,
    )
    expect(shown(whole ?? '')).toEqual([expect.stringContaining('| the file is sealed by SOPS')])
    expect(shown(clear ?? '')).toEqual(['2:15 a nginx:1 semver'])
  })

  test('and gives them the repository’s defaults', () => {
    const text = `services:\n  a: {image: nginx:1}  ${note}\n`
    const { images } = scanComposeFile('c.yaml', text, { defaults: { range: '>=1 <2' } })
    expect(images[0]?.policy).toMatchObject({ kind: 'semver', range: '>=1 <2' })
  })

  test.each([
    [
      'an unknown key',
      '    image: nginx:1  # {"magos": {"policy": "semver", "rnge": "*"}}',
      '3:54 error annotation: Annotation has the unknown key "rnge"',
    ],
    [
      'an unknown policy',
      '    image: nginx:1  # {"magos": {"policy": "newest"}}',
      '3:23 error policy: Cannot read policy "newest": there is none of that name',
    ],
    [
      'broken JSON',
      '    image: nginx:1  # {"magos": {"policy": }}',
      '3:23 error annotation: Annotation is no valid JSON',
    ],
    [
      'another repository',
      '    image: nginx:1  # {"magos": {"policy": "semver", "repo": "redis"}}',
      '3:54 error annotation: Annotation names the repository "docker.io/library/redis": the line runs "docker.io/library/nginx"',
    ],
    [
      'two on one line',
      `    image: nginx:1  ${note} ${note}`,
      '3:57 error annotation: Line has two annotations',
    ],
  ])('and holds the line for %s', (_, line, problem) => {
    const text = `services:\n  a:\n${line}\n`
    expect(problems(text)).toEqual([problem])
    const [image] = scan(text).images
    expect(image?.policy).toBeNull()
    expect(problem).toContain(image?.held)
  })

  test('and refuses one for two images', () => {
    const text = `services: {a: {image: one:1}, b: {image: two:2}}  ${note}\n`
    expect(problems(text)).toEqual([
      '1:51 error annotation: Annotation stands on a line with several images',
    ])
    expect(scan(text).images.map(({ policy, held }) => [policy, held])).toEqual([
      [null, 'Annotation stands on a line with several images'],
      [null, 'Annotation stands on a line with several images'],
    ])
  })

  test.each([
    ['at an alias', `x-i: &i one:1\nservices:\n  a:\n    image: *i  ${note}\n`, '4:16 error'],
    ['at another key', `services:\n  a:\n    image: one:1\n    tty: true  ${note}\n`, '4:16 error'],
    ['on a line of its own', `services:\n  a:\n    ${note}\n    image: one:1\n`, '3:5 warning'],
  ])('and tells of one %s', (_, text, place) => {
    expect(problems(text)).toEqual([
      `${place} annotation: Annotation stands on a line that is no service’s image`,
    ])
  })

  test('but says nothing of a service that is commented out', () => {
    expect(problems(`services:\n  a: {image: x:1}\n#  b: {image: y:1}  ${note}\n`)).toEqual([])
  })
})

describe('scanComposeFile() refuses', () => {
  const good = 'services:\n  a:\n    image: nginx:1\n'
  test.each([
    ['a duplicate key', `${good}    image: nginx:2\n`, '4:5'],
    ['a duplicate service', `${good}  a: {}\n`, '4:3'],
    ['a duplicate key in other quotes', 'services: {1: {image: a}, "1": {image: b}}', '1:27'],
    ['a tab for indentation', 'services:\n\ta:\n\t\timage: nginx:1\n', '2:1'],
    ['a broken second document', `${good}---\na: [\n`, '6:1'],
    ['an unknown alias', `${good}  b: {image: *no}\n`, '4:14'],
    ['an anchor in itself', 'services: &s {a: *s}', '1:18'],
    ['a merge of no mapping', 'services:\n  a:\n    <<: text\n', '3:5'],
    ['an unclosed quote', 'services:\n  a:\n    image: "nginx\n', '3:12'],
    ['a mapping as key', 'services:\n  {a: b}: {image: c}\n', '2:3'],
    ['a control character', 'services:\n  a: {image: "a\0"}\n', '1:1'],
    ['what was no UTF-8', 'services:\n  a: {image: "a\uFFFD"}\n', '1:1'],
    ['1 MiB and a byte', `#${'x'.repeat(1024 * 1024)}`, '1:1'],
    ['1 MiB and a byte in two-byte letters', `#${'ä'.repeat(512 * 1024)}`, '1:1'],
    ['1,000 levels of flow', `${good}x-a: ${'['.repeat(1000)}${']'.repeat(1000)}\n`, '4:105'],
    [
      '1,000 levels of blocks',
      Array.from({ length: 1000 }, (_, n) => `${' '.repeat(n)}a:\n`).join(''),
      '101:101',
    ],
    [
      '1,000 merges behind one another',
      `x-0: &m0 {a: 1}\n${Array.from({ length: 1000 }, (_, n) => `x-${n + 1}: &m${n + 1} {<<: *m${n}}\n`).join('')}`,
      '102:14',
    ],
    ['1,000 documents', '---\n'.repeat(1000), '1:1'],
  ])('%s, and then edits nothing', (_, text, place) => {
    const { images, problems: found } = scan(text)
    expect(images).toEqual([])
    expect(found.length).toBeGreaterThan(0)
    expect(`${found[0]?.line}:${found[0]?.column}`).toBe(place)
    for (const problem of found) {
      expect(problem).toMatchObject({ file: 'compose.yaml', severity: 'error', code: 'compose' })
      expect(problem.remedy).not.toBe('')
    }
  })

  test('1 MiB is read', () => {
    const text = `${good}#`
    expect(scan(text + 'x'.repeat(1024 * 1024 - text.length)).images).toHaveLength(1)
  })

  test('a problem without quoting what it stumbled over', () => {
    const { problems: found } = scan('services:\n  a: {}\n hunter2secret\n')
    expect(found.length).toBeGreaterThan(0)
    expect(JSON.stringify(found)).not.toContain('hunter2secret')
  })
})
