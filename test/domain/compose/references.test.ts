import { describe, expect, test } from 'vitest'

import { usualOptions } from '../../../src/domain/settings/stack-settings.ts'
import { stackReferences } from '../../../src/domain/compose/references.ts'
import type { FileMode, TreeEntry } from '../../../src/domain/revision.ts'
import type { Stack } from '../../../src/domain/stack.ts'

/** A repository by path and content; `-> x` is a symlink to x, `@` a submodule. */
type Files = Readonly<Record<string, string>>

const stack: Stack = {
  name: 'web',
  directory: 'web',
  files: ['web/compose.yaml'],
  hosts: null,
  options: usualOptions,
}

function modeOf(content: string): FileMode {
  if (content.startsWith('-> ')) return '120000'
  return content === '@' ? '160000' : '100644'
}

const noFiles: Files = {}

function refer(files: Files, { of = stack, allowPaths = [] as string[], opened = noFiles } = {}) {
  const paths = Object.keys(files)
  const entries = paths.map((path): TreeEntry => ({
    path,
    mode: modeOf(files[path] ?? ''),
    oid: '',
  }))
  return stackReferences(of, {
    entries: new Map(entries.map((entry) => [entry.path, entry])),
    allowPaths,
    read: (path) => files[path]?.replace(/^-> /, '') ?? null,
    open: (path) => opened[path] ?? null,
  })
}

/** What one compose file in `web` refers to, beside itself and its `.env`. */
function referOf(text: string, more: Files = {}, allowPaths: string[] = []) {
  const { files, mounts, refusals } = refer({ 'web/compose.yaml': text, ...more }, { allowPaths })
  const own = new Set(['web/.env', 'web/compose.yaml'])
  return {
    files: files.filter((path) => !own.has(path)),
    mounts,
    refusals: refusals.map(
      ({ file, line, column, message }) => `${file}:${line}:${column} ${message}`,
    ),
  }
}

const service = (lines: string) => `services:\n  a:\n    ${lines}\n`

describe('stackReferences() finds', () => {
  test.each([
    ['env_file, short', service('env_file: a.env'), {}, ['web/a.env']],
    ['env_file, a list', service('env_file: [a.env, ../b.env]'), {}, ['web/a.env', 'b.env']],
    ['env_file, long', service('env_file: [{path: ./x/a.env, format: raw}]'), {}, ['web/x/a.env']],
    ['label_file', service('label_file: l.txt'), {}, ['web/l.txt']],
    ['a credential spec', service('credential_spec: {file: c.json}'), {}, ['web/c.json']],
    ['a seccomp profile', service('security_opt: ["seccomp:./p.json"]'), {}, ['web/p.json']],
    ['no other security option', service('security_opt: [seccomp=unconfined, label=x]'), {}, []],
    ['configs', 'configs: {c: {file: ./c.conf}, d: {external: true}}', {}, ['web/c.conf']],
    ['secrets', 'secrets:\n  s: {file: ../s.txt}\n  e: {environment: E}\n', {}, ['s.txt']],
    ['a doubled dollar', service('env_file: a$$b.env'), {}, ['web/a$b.env']],
    ['a build context', service('build: ./src'), { 'web/src/x': '' }, ['web/src']],
    ['the default context', service('build: {target: x}'), { 'web/x': '' }, ['web']],
    [
      'a Dockerfile beside its context',
      service('build: {context: ../src, dockerfile: ../Dockerfile}'),
      { 'src/x': '', Dockerfile: '' },
      ['src', 'Dockerfile'],
    ],
    [
      'the root as its parts',
      service('build: ..'),
      { 'src/x': '', 'README.md': '' },
      ['web', 'src', 'README.md'],
    ],
    [
      'additional contexts that are folders',
      service(
        'build: {context: ., additional_contexts: [a=../x, "b=docker-image://i:1", c=service:b]}',
      ),
      { 'x/y': '' },
      ['web', 'x'],
    ],
    [
      'through aliases and merges',
      'x-e: &e [a.env]\nx-b: &b {env_file: *e}\nservices: {a: {<<: *b}}\n',
      {},
      ['web/a.env'],
    ],
    ['nothing that is reset', service('env_file: !reset [a.env]'), {}, []],
    ['nothing to watch', service('develop: {watch: [{path: ../../x, action: sync}]}'), {}, []],
    [
      'an absolute path that is allowed, and stays so',
      service('env_file: [/etc/magos/a.env, /etc/magos/../magos/b.env]'),
      {},
      ['/etc/magos/a.env', '/etc/magos/b.env'],
    ],
  ])('%s', (_, text, more: Files, expected) => {
    const found = referOf(text, more, ['/etc/magos/'])
    expect(found).toEqual({ files: expected, mounts: [], refusals: [] })
  })

  test('own files and .env, and which may be absent', () => {
    const text = service('env_file: [{path: a.env, required: false}, b.env]')
    const { files, optional } = refer({ 'web/compose.yaml': text })
    expect(files).toEqual(['web/.env', 'web/compose.yaml', 'web/a.env', 'web/b.env'])
    expect(optional).toEqual(['web/.env', 'web/a.env'])
  })

  test('relative bind mounts that git tracks, apart', () => {
    const volumes = [
      './conf:/etc/app:ro',
      '../shared/one.conf:/x',
      './data:/data',
      'named:/n',
      '/srv:/srv',
      '~/x:/x',
      '../../up:/up',
      '${D}/x:/y',
      '/anonymous',
      '{type: bind, source: long.conf, target: /l}',
      '{type: volume, source: vol, target: /v}',
    ].map((volume) => (volume.startsWith('{') ? volume : `"${volume}"`))
    const more = {
      'web/conf/app.ini': '',
      'shared/one.conf': '',
      'web/long.conf': '',
      'web/vol/x': '',
    }
    expect(referOf(service(`volumes: [${volumes.join(', ')}]`), more)).toEqual({
      files: [],
      mounts: ['web/conf', 'shared/one.conf', 'web/long.conf'],
      refusals: [],
    })
  })

  test('what included files refer to, each from its own project directory', () => {
    const more = {
      'shared/a.yaml': service('env_file: a.env'),
      'shared/b.yaml': service('env_file: b.env'),
      'web/sub/c.yaml': `include: [../../shared/deep/d.yaml]\n${service('env_file: c.env')}`,
      'shared/deep/d.yaml': 'configs: {c: {file: ../d.conf}}',
    }
    const text = [
      'include:',
      '  - path: [../shared/a.yaml, ../shared/b.yaml]',
      '  - path: sub/c.yaml',
      '    project_directory: .',
      '    env_file: [c1.env, /dev/null]',
    ].join('\n')
    const { files, refusals } = referOf(text, { ...more, 'shared/.env': '' })
    expect(refusals).toEqual([
      'web/sub/c.yaml:1:11 Cannot use include "../../shared/deep/d.yaml": it lies outside the repository',
    ])
    expect(files.toSorted()).toEqual(
      [
        'shared/.env',
        'shared/a.env',
        'shared/a.yaml',
        'shared/b.env',
        'shared/b.yaml',
        'web/c.env',
        'web/c1.env',
        'web/sub/c.yaml',
      ].toSorted(),
    )
  })

  test('of an extended file only the service that is taken, and what that extends', () => {
    const base = [
      'services:',
      '  one: {env_file: one.env, extends: two}',
      '  two: {env_file: two.env, extends: {file: deep/more.yaml, service: three}}',
      '  four: {env_file: /etc/passwd}',
    ].join('\n')
    const more = {
      'lib/base.yaml': base,
      'lib/deep/more.yaml': 'services: {three: {env_file: three.env}, x: {build: "https://x"}}',
    }
    const text = service('extends: {file: ../lib/base.yaml, service: one}')
    expect(referOf(text, more)).toEqual({
      files: [
        'lib/base.yaml',
        'lib/one.env',
        'lib/two.env',
        'lib/deep/more.yaml',
        'lib/deep/three.env',
      ],
      mounts: [],
      refusals: [],
    })
  })

  test('links and what they lead to', () => {
    const more = {
      'web/a.env': '-> ../shared/real.env',
      'shared/real.env': 'A=1',
      'web/conf': '-> ../shared/conf',
      'shared/conf': '-> deep/conf',
      'shared/deep/conf/x.ini': '',
    }
    const found = referOf(service('env_file: a.env\n    volumes: ["./conf/x.ini:/x"]'), more)
    expect(found.refusals).toEqual([])
    expect(found.files).toEqual(expect.arrayContaining(['web/a.env', 'shared/real.env']))
    expect(found.mounts).toEqual([
      'web/conf/x.ini',
      'web/conf',
      'shared/conf',
      'shared/deep/conf/x.ini',
    ])
  })

  test('the override’s references from the same project directory', () => {
    const of = { ...stack, files: ['web/compose.yaml', 'web/compose.override.yaml'] }
    const { files } = refer(
      {
        'web/compose.yaml': 'services: {}',
        'web/compose.override.yaml': service('env_file: o.env'),
      },
      { of },
    )
    expect(files).toContain('web/o.env')
  })

  test('more once more is read', () => {
    const files: Files = {
      'web/compose.yaml': 'include: [../a.yaml]',
      'a.yaml': 'include: [b.yaml]',
      'b.yaml': service('env_file: x.env'),
    }
    const entries = new Map(
      Object.keys(files).map((path) => [path, { path, mode: '100644', oid: '' } as const]),
    )
    const asked: string[][] = []
    let last: readonly string[] = []
    const known = new Set<string>()
    for (let missed = new Set(['web/compose.yaml']); missed.size > 0;) {
      for (const path of missed) known.add(path)
      asked.push([...missed])
      missed = new Set()
      const read = (path: string) => {
        if (!known.has(path) && entries.has(path)) missed.add(path)
        return known.has(path) ? (files[path] ?? null) : null
      }
      const found = stackReferences(stack, { entries, allowPaths: [], read, open: () => null })
      expect(found.refusals).toEqual([])
      last = found.files
    }
    expect(last).toContain('x.env')
    expect(asked).toEqual([['web/compose.yaml'], ['a.yaml'], ['b.yaml']])
  })
})

describe('stackReferences() refuses', () => {
  const outside = 'it lies outside the repository'
  test.each([
    ['env_file: ../../x.env', '3:15 Cannot use env_file "../../x.env"', outside],
    ['env_file: /etc/x.env', '3:15 Cannot use env_file "/etc/x.env"', outside],
    ['env_file: /etc/magos-x/x.env', '3:15 Cannot use env_file', outside],
    ['env_file: /etc/magos/../x.env', '3:15 Cannot use env_file', outside],
    ['env_file: "${X}.env"', '3:16 Cannot use env_file "${X}.env"', 'holds a variable'],
    ['env_file: "$$$X"', '3:16 Cannot use env_file', 'holds a variable'],
    ['env_file: ~/x.env', '3:15 Cannot use env_file', 'home directory'],
    ['env_file: .git/config', '3:15 Cannot use env_file', 'belongs to git'],
    ['env_file: sub/.GIT/config', '3:15 Cannot use env_file', 'belongs to git'],
    ['env_file: "sub/git~1/config"', '3:16 Cannot use env_file', 'belongs to git'],
    ['env_file: [{path: ../../x, required: false}]', '3:23 Cannot use env_file', outside],
    ['label_file: /x', '3:17 Cannot use label_file', outside],
    ['build: https://github.com/o/r.git#main', '3:12 Cannot use build.context', 'fetched'],
    ['build: git@github.com:o/r.git', '3:12 Cannot use build.context', 'fetched'],
    ['build: github.com/o/r', '3:12 Cannot use build.context', 'fetched'],
    ['build: ../..', '3:12 Cannot use build.context', outside],
    ['build: {context: ., dockerfile: ../../D}', '3:37 Cannot use build.dockerfile', outside],
    ['build: {context: ., additional_contexts: {x: "https://x"}}', '3:51', 'fetched'],
    ['build: {context: ., ssh: ["k=/root/.ssh/id"]}', '3:34 Cannot use build.ssh', outside],
    ['extends: {file: ../../x.yaml, service: a}', '3:21 Cannot use extends.file', outside],
    ['extends: {file: no.yaml, service: a}', '3:21 Cannot use extends.file', 'no such file'],
    ['extends: {file: /etc/magos/x.yaml, service: a}', '3:21', 'no such file'],
    ['extends: {file: "oci://x/y", service: a}', '3:22 Cannot use extends.file', 'fetched'],
    ['security_opt: ["seccomp:/etc/p.json"]', '3:21 Cannot use security_opt', outside],
  ])('%s', (line, start, reason) => {
    const { refusals } = referOf(service(line), {}, ['/etc/magos'])
    expect(refusals).toHaveLength(1)
    expect(refusals[0]).toContain(`web/compose.yaml:${start}`)
    expect(refusals[0]).toContain(reason)
  })

  test.each([
    ['include: ["oci://registry/x"]', 'include "oci://registry/x": it is fetched from elsewhere'],
    ['include: ["https://x/compose.yaml"]', 'it is fetched from elsewhere'],
    ['include: ["git@github.com:o/r.git"]', 'it is fetched from elsewhere'],
    ['include: [{path: no.yaml}]', 'the repository holds no such file'],
    ['include: ["../../x.yaml"]', outside],
    ['include: [{path: compose.yaml, project_directory: ../..}]', 'include.project_directory'],
    ['include: [{path: compose.yaml, env_file: /etc/x}]', 'include.env_file "/etc/x"'],
    ['configs: {c: {file: /etc/passwd}}', 'configs.file "/etc/passwd"'],
    ['secrets: {c: {file: "../../key"}}', 'secrets.file "../../key"'],
  ])('%s', (text, reason) => {
    const { refusals } = referOf(text)
    expect(refusals).toHaveLength(1)
    expect(refusals[0]).toContain(reason)
  })

  const env = service('env_file: a.env')
  test.each([
    ['an absolute link', env, { 'web/a.env': '-> /etc/passwd' }, 'symlink "web/a.env" leaves'],
    ['a relative link out', env, { 'web/a.env': '-> ../../x' }, 'symlink "web/a.env" leaves'],
    [
      'a chain that leaves',
      env,
      { 'web/a.env': '-> ../b', b: '-> c/d', 'c/d': '-> ../../e' },
      'symlink "c/d" leaves',
    ],
    [
      'a link that only the kernel sees leaving',
      env,
      { 'web/a.env': '-> l/../../x', 'web/l': '-> ../top', 'top/f': '', x: '' },
      'leaves the repository',
    ],
    ['links in a circle', env, { 'web/a.env': '-> b', 'web/b': '-> a.env' }, 'more than 40'],
    [
      'a folder that is a link out',
      service('env_file: d/a.env'),
      { 'web/d': '-> /etc' },
      'symlink "web/d" leaves',
    ],
    ['a submodule on the path', service('env_file: ../m/a.env'), { m: '@' }, '"m" is a submodule'],
    ['a submodule in the stack', 'services: {}', { 'web/m': '@' }, '"web/m" is a submodule'],
    ['a submodule in a context', service('build: ../c'), { 'c/m': '@', 'c/f': '' }, 'submodule'],
    ['a link out in a context', service('build: ../c'), { 'c/l': '-> /etc' }, '"c/l" leaves'],
    ['a link out that nothing names', 'services: {}', { 'web/l': '-> /etc' }, '"web/l" leaves'],
    ['a link into .git', env, { 'web/a.env': '-> ../.git/config' }, 'belongs to git'],
    ['a tracked .git', 'services: {}', { 'web/.Git/hooks/x': '' }, 'none that may be laid down'],
    ['a tracked ..', 'services: {}', { 'web/../x': '' }, 'none that may be laid down'],
    ['a link out as mount', service('volumes: ["./l:/l"]'), { 'web/l': '-> /' }, '"web/l" leaves'],
    ['a broken compose file', 'services: {a: 1, a: 2}', {}, 'stands twice'],
    ['a broken include', 'include: [../x.yaml]', { 'x.yaml': 'a: [' }, 'x.yaml:'],
    [
      'files beyond number',
      'include: [c0.yaml]',
      Object.fromEntries(
        Array.from({ length: 501 }, (_, n) => [`web/c${n}.yaml`, `include: [c${n + 1}.yaml]`]),
      ),
      'more than 500 files',
    ],
    ['a file over 1 MiB', `#${'x'.repeat(1024 * 1024)}`, {}, 'over 1 MiB'],
  ])('%s', (_, text, more: Files, reason) => {
    const { refusals } = referOf(text, more)
    expect(refusals.join('\n')).toContain(reason)
  })

  test('nothing for files of a stack nested in it', () => {
    const root = { ...stack, directory: '', files: ['compose.yaml'] }
    const files = { 'compose.yaml': '', 'sub/compose.yaml': '', 'sub/l': '-> /etc' }
    expect(refer(files, { of: root }).refusals).toEqual([])
    expect(refer({ ...files, 'x/l': '-> /etc' }, { of: root }).refusals).toHaveLength(1)
  })

  test.each([
    ['aliases', (n: number) => `[${`*m${n}, `.repeat(8)}*m${n}]`],
    ['merges', (n: number) => `{<<: [${`*m${n}, `.repeat(8)}*m${n}]}`],
  ])('a bomb of %s, which Compose would expand', (_, level) => {
    const bomb = (levels: number) =>
      Array.from({ length: levels }, (_level, n) => `x-${n + 1}: &m${n + 1} ${level(n)}\n`)
    const text = (levels: number) => `x-0: &m0 {a: 1}\n${bomb(levels).join('')}services: {}\n`
    expect(referOf(text(3)).refusals).toEqual([])
    const refused = [expect.stringContaining('its aliases repeat more than 100000 values')]
    expect(referOf(text(6)).refusals).toEqual(refused)
    expect(referOf(text(90)).refusals).toEqual(refused)
  })

  test('no file that shares one anchor among many services', () => {
    const services = Array.from({ length: 500 }, (_, n) => `  s${n}: {<<: *base}\n`).join('')
    const base = `x-base: &base {image: a, labels: [${'l, '.repeat(50)}l]}\n`
    expect(referOf(`${base}services:\n${services}`).refusals).toEqual([])
  })

  test('no plain file that only talks of sops', () => {
    const more = { 's.env': '# sops: see the wiki\nsops=1\nA=sops: x', 'c.yaml': 'sops: text\n' }
    expect(
      referOf(`${service('env_file: ../s.env')}configs: {c: {file: ../c.yaml}}`, more).refusals,
    ).toEqual([])
  })
})

describe('stackReferences() on encrypted files', () => {
  const cipher = 'ENC[AES256_GCM,data:x]'

  test.each([
    ['yaml', 'a: ENC[AES256_GCM,data:x,iv:x,tag:x,type:str]\nsops:\n  mac: x\n'],
    ['yaml without a ciphertext', 'a: ""\nsops:\n  age: []\n'],
    ['json', '{"data": "x", "sops": {"mac": "y"}}'],
    ['dotenv', 'A=ENC[AES256_GCM,data:x]\nsops_mac=x\n'],
    ['dotenv without values', 'A=\nsops_mac=ENC\n'],
    ['ini', '[a]\nb = ENC[AES256_GCM,data:x]\n[sops]\nmac = x\n'],
  ])('stackReferences() knows ciphertext in %s, wherever Compose would read it', (_, secret) => {
    const uses = [
      [service('env_file: ../s'), 's'],
      ['configs: {c: {file: ../s}}', 's'],
      ['secrets: {c: {file: ../s}}', 's'],
      [service('volumes: ["../s:/s"]'), 's'],
      ['services: {}', 'web/.env'],
    ] as const
    for (const [text, path] of uses) {
      const { sealed, refusals } = refer({ 'web/compose.yaml': text, [path]: secret })
      expect(refusals).toEqual([])
      expect([...sealed.keys()]).toEqual([path])
    }
  })

  test('stackReferences() tells which are encrypted, and what their plaintext reaches', () => {
    const text = [
      'include: [{path: more.yaml, env_file: inc.env}]',
      'services: {a: {image: a, env_file: [a.env, both.env]}, b: {image: b, extends: {file: base.yaml, service: b}}}',
      'secrets: {s: {file: s.txt}}',
      'configs: {c: {file: plain.txt}}',
    ].join('\n')
    const sealed = {
      'a.env': cipher,
      'both.env': cipher,
      's.txt': cipher,
      'base.yaml': cipher,
      '.env': cipher,
    }
    const files = {
      'compose.yaml': text,
      'plain.txt': 'x',
      'more.yaml': 'services: {c: {image: c}}\n',
      'inc.env': cipher,
      ...sealed,
    }
    const inWeb = Object.fromEntries(
      Object.entries(files).map(([path, one]) => [`web/${path}`, one]),
    )
    const found = refer(inWeb, {
      opened: { 'web/base.yaml': 'services: {b: {image: b, env_file: b.env}}\n' },
    })
    expect(found.refusals).toEqual([])
    expect(Object.fromEntries(found.sealed)).toEqual({
      'web/.env': 'all',
      'web/a.env': 'users',
      'web/both.env': 'users',
      'web/s.txt': 'users',
      'web/inc.env': 'all',
      'web/base.yaml': 'all',
    })
    expect(found.files).toContain('web/b.env')
  })

  test('stackReferences() lets a file reach all that is read for all, in whatever order', () => {
    const text = service('env_file: [.env, ../base.yaml]')
    const files = { 'web/compose.yaml': text, 'web/.env': cipher, 'base.yaml': cipher }
    expect(Object.fromEntries(refer(files).sealed)).toEqual({
      'web/.env': 'all',
      'base.yaml': 'users',
    })
    const included = `include: [../base.yaml]\n${text}`
    const opened = { 'base.yaml': 'services: {}\n' }
    const again = refer({ ...files, 'web/compose.yaml': included }, { opened })
    expect(again.sealed.get('base.yaml')).toBe('all')
  })

  test('stackReferences() asks for the plaintext of compose files alone', () => {
    const asked: string[] = []
    const files: Files = {
      'web/compose.yaml': `x: ${cipher}\nservices: {a: {image: a, env_file: a.env}}`,
      'web/a.env': cipher,
    }
    const entries = new Map(
      Object.keys(files).map((path) => [path, { path, mode: '100644', oid: '' } as const]),
    )
    const { sealed } = stackReferences(stack, {
      entries,
      allowPaths: [],
      read: (path) => files[path] ?? null,
      open: (path) => {
        asked.push(path)
        return null
      },
    })
    expect(asked).toEqual(['web/compose.yaml'])
    expect([...sealed]).toEqual([['web/compose.yaml', 'all']])
  })

  test('stackReferences() leaves ciphertext in a build context as it is', () => {
    const found = refer({
      'web/compose.yaml': 'services: {a: {build: ./app}}',
      'web/app/k.env': cipher,
    })
    expect([...found.sealed]).toEqual([])
  })
})
