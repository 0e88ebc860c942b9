import { describe, expect, test } from 'vitest'

import { editImages } from '../../../src/domain/compose/edit.ts'
import { mergeScans } from '../../../src/domain/compose/merge-scans.ts'
import { trackedFiles } from '../../../src/domain/compose/project-files.ts'
import { readProject, type ProjectSource } from '../../../src/domain/compose/project.ts'
import { scanProject } from '../../../src/domain/compose/scan.ts'
import { setImage } from '../../../src/domain/compose/set-image.ts'
import { parentOf } from '../../../src/domain/compose/tree-path.ts'
import { MagosError } from '../../../src/domain/error.ts'
import type { FileMode, TreeEntry } from '../../../src/domain/revision.ts'

type Files = Readonly<Record<string, string | { readonly link: string }>>

function treeOf(files: Files) {
  const entries = new Map<string, TreeEntry>()
  for (const [path, content] of Object.entries(files)) {
    const mode: FileMode = typeof content === 'string' ? '100644' : '120000'
    entries.set(path, { path, mode, oid: path })
  }
  const read = (path: string) => {
    const content = files[path]
    return content === undefined ? null : typeof content === 'string' ? content : content.link
  }
  return trackedFiles({ entries, read })
}

function textOf(files: Files, path: string): string {
  const content = files[path]
  return typeof content === 'string' ? content : ''
}

function sourceOf(files: Files, path: string): ProjectSource {
  return { files: [{ path, text: textOf(files, path) }], directory: parentOf(path) }
}

function scan(files: Files, path = 'app/compose.yaml') {
  return scanProject(sourceOf(files, path), treeOf(files), { defaults: {} })
}

/** One line an image: where it stands, who runs it, what it means, where it is written, why it is held. */
function shown(files: Files, path?: string) {
  return scan(files, path).images.map(({ file, line, services, image, target, held }) =>
    [
      `${file}:${line}`,
      services.join('+'),
      image?.text ?? '-',
      target.file === file && target.line === line ? '' : `in ${target.file}:${target.line}`,
      held === null ? '' : `| ${held}`,
    ]
      .filter((part) => part !== '')
      .join(' '),
  )
}

function problems(files: Files) {
  return scan(files).problems.map(
    ({ file, line, column, severity, message }) =>
      `${file}:${line}:${column} ${severity}: ${message}`,
  )
}

const set = (files: Files, service: string, ref: string, file = 'app/compose.yaml') =>
  setImage(readProject(sourceOf(files, file), treeOf(files)), file, service, ref)

function refusal(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (!(error instanceof MagosError)) throw error
    const { file, line, column } = error.place ?? { file: '?' }
    return `${file}:${line}:${column} ${error.code}: ${error.message}`
  }
  throw new Error('Nothing was refused')
}

const takesBase = 'services:\n  web:\n    extends: {file: ../common/base.yml, service: base}\n'
const base = 'services:\n  base:\n    image: nginx:1.2 # b\n  other: {image: redis:7}\n'

describe('scanProject() follows', () => {
  test.each<[string, Files, string[]]>([
    [
      'extends into another file, and takes only what is extended',
      { 'app/compose.yaml': takesBase, 'common/base.yml': base },
      ['common/base.yml:3 web nginx:1.2'],
    ],
    [
      'extends from file to file, each path from its own directory',
      {
        'app/compose.yaml': takesBase,
        'common/base.yml': 'services:\n  base: {extends: {file: deep/x.yml, service: x}}\n',
        'common/deep/x.yml': 'services:\n  x: {image: one:1}\n',
      },
      ['common/deep/x.yml:2 web one:1'],
    ],
    [
      'an own image before an extended one',
      {
        'app/compose.yaml': `${takesBase}    image: own:1\n`,
        'common/base.yml': base,
      },
      ['app/compose.yaml:4 web own:1'],
    ],
    [
      'several that extend one',
      {
        'app/compose.yaml': `${takesBase}  two: {extends: {file: ../common/base.yml, service: base}}\n`,
        'common/base.yml': base,
      },
      ['common/base.yml:3 web+two nginx:1.2'],
    ],
    [
      'an alias in the extended file, whoever else uses it there',
      {
        'app/compose.yaml': takesBase,
        'common/base.yml': 'x-i: &i one:1\nservices:\n  base: {image: *i}\n  more: {image: *i}\n',
      },
      ['common/base.yml:1 web one:1'],
    ],
    [
      'include, in all its forms and in turn',
      {
        'app/compose.yaml':
          'include:\n  - db.yml\n  - {path: [../x/a.yml, b.yml]}\nservices: {web: {image: w:1}}\n',
        'app/db.yml': 'include: [sub/more.yml]\nservices: {db: {image: db:1}}\n',
        'app/sub/more.yml': 'services: {more: {image: more:1}}\n',
        'x/a.yml': 'services: {a: {image: a:1}}\n',
        'app/b.yml': 'services: {b: {image: b:1}}\n',
      },
      [
        'app/compose.yaml:4 web w:1',
        'app/db.yml:2 db db:1',
        'x/a.yml:1 a a:1',
        'app/b.yml:1 b b:1',
        'app/sub/more.yml:1 more more:1',
      ],
    ],
    [
      'a symlink to the file itself',
      {
        'app/compose.yaml': takesBase,
        'common/base.yml': { link: '../real.yml' },
        'real.yml': base,
      },
      ['real.yml:3 web nginx:1.2'],
    ],
    [
      'no circle of includes',
      {
        'app/compose.yaml': 'include: [compose.yaml, b.yml]\nservices: {a: {image: a:1}}\n',
        'app/b.yml': 'include: [compose.yaml]\nservices: {b: {image: b:1}}\n',
      },
      ['app/compose.yaml:2 a a:1', 'app/b.yml:2 b b:1'],
    ],
  ])('%s', (_, files, expected) => {
    expect(shown(files)).toEqual(expected)
    expect(problems(files)).toEqual([])
  })

  test('build of a base in another file', () => {
    const files = {
      'app/compose.yaml': takesBase,
      'common/base.yml': base.replace('# b', '\n    build: .'),
    }
    expect(shown(files)).toEqual([
      'common/base.yml:3 web nginx:1.2 | service "web" builds its image, so it only names it',
    ])
  })

  test.each<[string, Files, string]>([
    [
      'extends that leaves the repository',
      { 'app/compose.yaml': takesBase.replace('../', '../../') },
      'app/compose.yaml:3:21 error: Cannot follow extends.file "../../common/base.yml": it lies outside the repository',
    ],
    [
      'include that leaves the repository',
      { 'app/compose.yaml': 'include: [/etc/x.yml]\n' },
      'app/compose.yaml:1:11 error: Cannot follow include "/etc/x.yml": it lies outside',
    ],
    [
      'a remote include',
      { 'app/compose.yaml': 'include: ["https://x.example/c.yml"]\n' },
      'it is fetched from elsewhere',
    ],
    [
      'a circle',
      {
        'app/compose.yaml': 'services:\n  a: {extends: {file: b.yml, service: b}, image: a:1}\n',
        'app/b.yml': 'services:\n  b: {extends: {file: compose.yaml, service: a}, image: b:1}\n',
      },
      'app/b.yml:2:46 error: Cannot follow extends.service "a": "app/compose.yaml" has no such service, or extends in a circle',
    ],
    ['a file that is not there', { 'app/compose.yaml': takesBase }, 'there is no such file'],
    [
      'a service that is not there',
      { 'app/compose.yaml': takesBase, 'common/base.yml': 'services: {}\n' },
      'app/compose.yaml:3:50 error: Cannot follow extends.service "base": "common/base.yml" has no such service',
    ],
    [
      'a broken file',
      { 'app/compose.yaml': takesBase, 'common/base.yml': 'services: [\n' },
      'common/base.yml:2:1 error',
    ],
    [
      'a symlink that leaves the repository',
      { 'app/compose.yaml': takesBase, 'common/base.yml': { link: '/etc/passwd' } },
      'leaves the repository',
    ],
  ])('and tells of %s once', (_, files, problem) => {
    const found = problems(files)
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(problem)
  })

  test('and holds an own image whose base nobody can read', () => {
    expect(shown({ 'app/compose.yaml': `${takesBase}    image: own:1\n` })).toEqual([
      'app/compose.yaml:4 web own:1 | service "web" extends what cannot be read',
    ])
  })
})

const env = (line: string, content: string): Files => ({
  'app/compose.yaml': `services:\n  web:\n    image: ${line}\n`,
  'app/.env': content,
})

const two = (a: string, b: string, rest = ''): Files => ({
  'app/compose.yaml': `services:\n  a:\n    image: ${a}\n  b:\n    image: ${b}\n${rest}`,
  'app/.env': 'TAG=1\n',
})

describe('scanProject() reads variables from the tracked .env', () => {
  test.each([
    ['a tag', 'nginx:$TAG', 'X=1\nTAG=1.2\n', 'nginx:1.2 in app/.env:2'],
    [
      'a tag in braces',
      '"nginx:${TAG}"',
      '# TAG=1\n\nexport TAG="1.2" # x\n',
      'nginx:1.2 in app/.env:3',
    ],
    ['a whole reference', '$IMG', "\uFEFFIMG='nginx:1.2'\r\n", 'nginx:1.2 in app/.env:1'],
    ['what must be set', 'nginx:${TAG:?no}', 'TAG: 1.2', 'nginx:1.2 in app/.env:1'],
    ['the last of two', 'nginx:$TAG', 'TAG=1\nTAG=2\n', 'nginx:2 in app/.env:2'],
    ['before a default', 'nginx:${TAG:-1}', 'TAG=2\n', 'nginx:2 in app/.env:1'],
    ['no empty one before a default', 'nginx:${TAG:-1}', 'TAG=\n', 'nginx:1'],
    [
      'no line behind an escaped quote',
      'nginx:$TAG',
      'TAG=2\nX="\\"\nTAG=3\n"\n',
      'nginx:2 in app/.env:1',
    ],
    [
      'no line behind an escaped quote of single ones',
      'nginx:$TAG',
      "TAG=2\nX='a\\' # \nTAG=3\n'\n",
      'nginx:2 in app/.env:1',
    ],
    ['no line within quotes', 'nginx:$TAG', 'TAG=2\nX="a\nTAG=3\n"\n', 'nginx:2 in app/.env:1'],
  ])('%s', (_, line, content, expected) => {
    expect(shown(env(line, content))).toEqual([`app/compose.yaml:3 web ${expected}`])
  })

  test.each([
    ['another variable', 'nginx:$TAG', 'TA=1\n', 'app/.env does not set it'],
    ['a value made of others', 'nginx:$TAG', 'TAG=${X}\n', 'app/.env:1, and its value is made'],
    ['an escape', 'nginx:$TAG', 'TAG="1\\.2"\n', 'written with escapes'],
    ['an escape in single quotes', 'nginx:$TAG', "TAG='1\\.2'\n", 'written with escapes'],
    ['ciphertext', 'nginx:$TAG', 'TAG=ENC[AES256_GCM,data:x]\n', 'encrypted with SOPS'],
    [
      'a broken line',
      'nginx:$TAG',
      'TAG=1\nno assignment\n',
      'app/.env, whose line 2 cannot be read',
    ],
    ['an open quote', 'nginx:$TAG', 'TAG="1\n', 'app/.env, whose line 1 cannot be read'],
    [
      'a part of a tag',
      'nginx:$TAG-alpine',
      'TAG=1\n',
      'neither a whole reference nor all of its tag',
    ],
    ['an empty value', 'nginx:$TAG', 'TAG=\n', 'the tag is empty'],
    ['a switch', 'nginx:${TAG:+2}', 'TAG=1\n', 'only switches'],
  ])('and holds %s', (_, line, content, reason) => {
    expect(shown(env(line, content)).join()).toContain(reason)
  })

  test('those of an included project from its own directory, the outer one first', () => {
    const files = {
      'app/compose.yaml': 'include: [sub/c.yml, {path: other/c.yml, env_file: other/x.env}]\n',
      'app/.env': 'A=1\n',
      'app/sub/c.yml': 'services: {a: {image: "n:$A"}, b: {image: "n:$B"}}\n',
      'app/sub/.env': 'A=9\nB=2\n',
      'app/other/c.yml': 'services: {c: {image: "n:$C"}, d: {image: "n:$D"}}\n',
      'app/other/x.env': 'C=3\n',
      'app/other/.env': 'D=4\n',
    }
    expect(shown(files)).toEqual([
      'app/sub/c.yml:1 a n:1 in app/.env:1',
      'app/sub/c.yml:1 b n:2 in app/sub/.env:2',
      'app/other/c.yml:1 c n:3 in app/other/x.env:1',
      'app/other/c.yml:1 d - | variable "D" is controlled by the environment: app/.env does not set it',
    ])
  })

  test('of several files of an include the last one first', () => {
    const files = {
      'app/compose.yaml': 'include: [{path: c.yml, env_file: [x.env, y.env]}]\n',
      'app/c.yml': 'services: {a: {image: "n:$A"}, b: {image: "n:$B"}}\n',
      'app/x.env': 'A=1\nB=1\n',
      'app/y.env': 'A=2\n',
    }
    expect(shown(files)).toEqual([
      'app/c.yml:1 a n:2 in app/y.env:1',
      'app/c.yml:1 b n:1 in app/x.env:2',
    ])
  })

  test('those that are named for the project, and no .env then', () => {
    const files = {
      'app/compose.yaml':
        'services: {a: {image: "n:$A"}, b: {image: "n:$B"}, c: {image: "n:$C"}}\n',
      'app/.env': 'A=9\nC=9\n',
      'app/x.env': 'A=1\nB=1\n',
      'y.env': 'A=2\n',
    }
    const source = sourceOf(files, 'app/compose.yaml')
    const environment = ['x.env', 'gone.env', '../y.env']
    const { images } = scanProject({ ...source, environment }, treeOf(files), { defaults: {} })
    expect(images.map(({ target: { file, line }, image }) => [file, line, image?.text])).toEqual([
      ['y.env', 1, 'n:2'],
      ['app/x.env', 2, 'n:1'],
      ['app/compose.yaml', 1, undefined],
    ])
  })

  const semver = '# {"magos": {"policy": "semver"}}'

  test('one for several images of a repository, which all name every service', () => {
    expect(shown(two('n:$TAG', 'docker.io/n:${TAG}'))).toEqual([
      'app/compose.yaml:3 a+b n:1 in app/.env:1',
      'app/compose.yaml:5 a+b docker.io/n:1 in app/.env:1',
    ])
  })

  test(
    'one for 5,000 services, set and scanned in under 2 seconds each',
    { timeout: 60_000 },
    () => {
      const all = Array.from({ length: 5000 }, (_, n) => `  s${n}: {image: n:$TAG} ${semver}\n`)
      const files = { 'app/compose.yaml': `services:\n${all.join('')}`, 'app/.env': 'TAG=1\n' }
      const started = process.cpuUsage()
      expect(set(files, 's4999', 'n:2')).toMatchObject({ file: 'app/.env', text: 'TAG=2\n' })
      expect(mergeScans([scan(files)]).images.every(({ held }) => held === null)).toBe(true)
      const { user, system } = process.cpuUsage(started)
      expect((user + system) / 1000).toBeLessThan(4000)
    },
  )

  test.each([
    [
      'another image',
      two('n:$TAG', 'm:$TAG'),
      'variable "TAG" is used in app/compose.yaml:5 too, for another image',
    ],
    [
      'what is no image',
      two('n:$TAG', 'x:1', '    environment: ["V=${TAG}"]\n'),
      'variable "TAG" is used in app/compose.yaml:6 too, where it is no service’s image',
    ],
    [
      'another policy',
      two(`n:$TAG ${semver}`, 'n:$TAG # {"magos": {"policy": "latest"}}'),
      'variable "TAG" is used in app/compose.yaml:5 too, with another policy',
    ],
  ])('and holds one that is also for %s', (_, files, reason) => {
    expect(mergeScans([scan(files)]).images[0]?.held).toBe(reason)
  })

  test('and edits equal wishes once', () => {
    const files = two(`n:$TAG ${semver}`, `n:$TAG ${semver}`)
    const { images } = scan(files)
    expect(images.map(({ held }) => held)).toEqual([null, null])
    const edits = images.map((image) => ({ image, to: 'n:2' }))
    expect(editImages('app/.env', 'TAG=1\n', edits)).toBe('TAG=2\n')
    const others = images.map((image, index) => ({ image, to: `n:${index}` }))
    expect(() => editImages('app/.env', 'TAG=1\n', others)).toThrow('same place')
  })
})

describe('editImages() of an environment file', () => {
  const content = 'A=1 # TAG=1.2\nTAG=1.2\n'
  const [image] = scan(env('nginx:$TAG', content)).images
  if (image === undefined) throw new Error('The sample has an image')

  test.each<[string, number, number]>([
    ['a part of a value', 18, 19],
    ['a comment', 10, 13],
    ['a name', 14, 17],
  ])('refuses %s', (_, from, to) => {
    const target = { ...image.target, range: [from, to] as const, text: content.slice(from, to) }
    const edits = [{ image: { ...image, target }, to: 'nginx:2' }]
    expect(() => editImages('app/.env', content, edits)).toThrow('more than this value')
  })
})

describe('setImage() edits the file that owns the line', () => {
  test('of extends', () => {
    const files = { 'app/compose.yaml': takesBase, 'common/base.yml': base }
    expect(set(files, 'web', 'nginx:1.3')).toEqual({
      file: 'common/base.yml',
      line: 3,
      column: 12,
      text: base.replace('nginx:1.2', 'nginx:1.3'),
      before: 'nginx:1.2',
      after: 'nginx:1.3',
      services: ['web'],
      change: 'changed',
    })
  })

  test('of include', () => {
    const files = {
      'app/compose.yaml': 'include: db.yml\n',
      'app/db.yml': 'services: {db: {image: d:1}}',
    }
    expect(set(files, 'db', 'd:2')).toMatchObject({
      file: 'app/db.yml',
      text: 'services: {db: {image: d:2}}',
    })
  })

  const dotenv = '\uFEFF# x\r\nexport TAG = "1.2"  # TAG=1.2\r\nOTHER=1.2'
  test('of a variable, and no other byte', () => {
    const files = env('nginx:${TAG}', dotenv)
    const pinned = `nginx:1.3@sha256:${'a'.repeat(64)}`
    expect(set(files, 'web', pinned)).toEqual({
      file: 'app/.env',
      line: 2,
      column: 15,
      text: dotenv.replace('"1.2"', `"1.3@sha256:${'a'.repeat(64)}"`),
      before: 'nginx:1.2',
      after: pinned,
      services: ['web'],
      change: 'changed',
    })
    expect(set(files, 'web', 'nginx:1.2')).toMatchObject({ change: 'unchanged', text: dotenv })
  })

  test.each<[string, Files, string, string]>([
    [
      'a variable of another repository',
      env('nginx:$TAG', 'TAG=1\n'),
      'redis:2',
      'app/compose.yaml:3:12 edit: Cannot edit image "redis:2": only the tag is variable there',
    ],
    ['an untracked variable', env('nginx:$TAG', ''), 'nginx:2', 'app/compose.yaml:3:12 edit'],
    [
      'extends that leaves the repository',
      { 'app/compose.yaml': takesBase.replace('../', '../../') },
      'nginx:2',
      'app/compose.yaml:3:21 edit: Cannot set the image of "web": it extends what cannot be read',
    ],
    [
      'a broken file that owns it',
      { 'app/compose.yaml': takesBase, 'common/base.yml': `${base}services: {}\n` },
      'nginx:2',
      'app/compose.yaml:3:21 edit',
    ],
  ])('and refuses %s', (_, files, ref, message) => {
    expect(refusal(() => set(files, 'web', ref))).toContain(message)
  })
})

describe('mergeScans()', () => {
  test('makes one line of what several stacks take, with all their services', () => {
    const files = {
      'app/compose.yaml': takesBase,
      'shop/compose.yaml': takesBase.replace('web', 'shop'),
      'common/base.yml': base,
    }
    const { images, texts } = mergeScans([scan(files), scan(files, 'shop/compose.yaml')])
    expect(images.map(({ services }) => services)).toEqual([['web', 'shop']])
    expect([...texts.keys()].toSorted()).toEqual(
      Object.keys(files).toSorted((a, b) => (a < b ? -1 : 1)),
    )
  })

  test('keeps the lines of stacks with variables of their own apart', () => {
    const files = {
      'app/compose.yaml': takesBase,
      'app/.env': 'TAG=1\n',
      'shop/compose.yaml': takesBase,
      'shop/.env': 'TAG=2\n',
      'common/base.yml': base.replace('1.2', '$TAG'),
    }
    const { images } = mergeScans([scan(files), scan(files, 'shop/compose.yaml')])
    expect(images.map(({ image, target }) => `${image?.text} ${target.file}`)).toEqual([
      'nginx:1 app/.env',
      'nginx:2 shop/.env',
    ])
  })
})
