import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

import { describe, expect, test } from 'vitest'

import { readModule } from './module.ts'
import { violations } from './rules.ts'

const ROOT = join(import.meta.dirname, '../..')

describe('the code', () => {
  test('the code keeps to the import table of the design, without cycles', () => {
    const modules = ['src', 'handlers'].flatMap((folder) => {
      const files = readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
      return files
        .filter((file) => file.isFile() && /\.[cm]?[jt]sx?$/.test(file.name))
        .map((file) => relative(ROOT, join(file.parentPath, file.name)))
        .map((path) => readModule(path, readFileSync(join(ROOT, path), 'utf8')))
    })

    expect(modules.length).toBeGreaterThan(50)
    expect(violations(modules, dependencies())).toEqual([])
  })

  test('the code is written for Node to strip: every module ends in .ts', () => {
    const files = ['src', 'handlers'].flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }),
    )
    expect(files.filter((name) => /\.(?:[cm]?js|jsx|tsx|[cm]ts)$/.test(name))).toEqual([])
  })
})

describe('violations()', () => {
  test('violations() finds none in a tree that keeps the rules', () => {
    expect(
      found({
        'src/domain/a.ts': "import { b } from './b.ts'; import semver from 'semver'",
        'src/domain/b.ts': "import { createHash } from 'node:crypto'; new Date(7)",
        'src/domain/error.ts': 'export const e = 1',
        'src/ports.ts': "import type { A } from './domain/a.ts'; export interface P { a: A }",
        'src/host/http.ts': "import '../domain/error.ts'; await import('undici')",
        'src/adapters/git/a.ts': "import type { P } from '../../ports.ts'; import './b.ts'",
        'src/adapters/git/b.ts': "import '../../host/http.ts'; import type { X } from 'undici'",
        'handlers/a.ts': "import type { P } from '../src/ports.ts'; import '../src/domain/a.ts'",
        'src/work/a.ts': "import '../../handlers/a.ts'; setTimeout(() => {}, Date.now())",
        'src/main/a.ts': "import '../adapters/git/a.ts'; process.env",
        'src/main.ts':
          "import './main/a.ts'; import './work/a.ts'; import '../package.json'; process.env.HOME",
      }),
    ).toEqual([])
  })

  const bad: readonly (readonly [string, Readonly<Record<string, string>>, string])[] = [
    [
      'a domain that imports a port',
      { 'src/domain/a.ts': "import type { P } from '../ports.ts'" },
      'src/domain/a.ts imports ../ports.ts: src/domain may not',
    ],
    [
      'a domain that touches files',
      { 'src/domain/a.ts': "import { readFileSync } from 'node:fs'" },
      'src/domain/a.ts imports node:fs: only pure builtins may be used there',
    ],
    [
      'a domain with a package of its own',
      { 'src/domain/a.ts': "import pino from 'pino'" },
      'src/domain/a.ts imports pino: domain is pure',
    ],
    [
      'a package that nobody declared',
      { 'src/host/a.ts': "import '@octokit/rest/x'" },
      'src/host/a.ts imports @octokit/rest/x: package.json has no such dependency',
    ],
    [
      'an adapter that imports another',
      { 'src/adapters/git/a.ts': "import '../github/b.ts'", 'src/adapters/github/b.ts': '' },
      'src/adapters/git/a.ts imports ../github/b.ts: src/adapters may not',
    ],
    [
      'an adapter whose name begins like the other’s',
      { 'src/adapters/git/a.ts': "import '../git-extra/b.ts'", 'src/adapters/git-extra/b.ts': '' },
      'src/adapters/git/a.ts imports ../git-extra/b.ts: src/adapters may not',
    ],
    [
      'host that knows more of the domain than its error',
      { 'src/host/a.ts': "import '../domain/a.ts'", 'src/domain/a.ts': '' },
      'src/host/a.ts imports ../domain/a.ts: src/host may not',
    ],
    [
      'a type import by import()',
      { 'handlers/a.ts': "let x: import('../src/work/b.ts').B", 'src/work/b.ts': '' },
      'handlers/a.ts imports ../src/work/b.ts: handlers may not',
    ],
    [
      'a lazy import',
      { 'src/server/a.ts': "await import('../adapters/git/b.ts')", 'src/adapters/git/b.ts': '' },
      'src/server/a.ts imports ../adapters/git/b.ts: src/server may not',
    ],
    [
      'a re-export',
      { 'src/cli/a.ts': "export * from '../host/b.ts'", 'src/host/b.ts': '' },
      'src/cli/a.ts imports ../host/b.ts: src/cli may not',
    ],
    [
      'an import of a test',
      { 'src/main.ts': "import '../test/fake.ts'" },
      'src/main.ts imports ../test/fake.ts: there is no such module',
    ],
    [
      'a read of package.json away from main',
      { 'src/cli/a.ts': "import '../../package.json'" },
      'src/cli/a.ts imports ../../package.json: src/cli may not',
    ],
    [
      'a value import of the ports',
      { 'src/work/a.ts': "import { P } from '../ports.ts'" },
      'src/work/a.ts imports ../ports.ts: ports are imported for types',
    ],
    [
      'ports that hold code',
      { 'src/ports.ts': 'export const a = 1' },
      'src/ports.ts holds more than types',
    ],
    [
      'a module outside the design',
      { 'src/helper.ts': 'export const a = 1' },
      'src/helper.ts lies in no folder of the design',
    ],
    [
      'a vague folder',
      { 'src/domain/utils/a.ts': 'export const a = 1' },
      'src/domain/utils/a.ts lies in a folder whose name says nothing',
    ],
    [
      'a default export',
      { 'src/work/a.ts': 'const a = 1; export { a as default }' },
      'src/work/a.ts has a default export',
    ],
    [
      'a read of the environment',
      { 'src/host/a.ts': "process['env']['HOME']" },
      'src/host/a.ts reads process.env',
    ],
    [
      'a read of the environment by its parts',
      { 'src/host/a.ts': 'const { env } = process' },
      'src/host/a.ts reads process.env',
    ],
    [
      'a read of the environment by import',
      { 'src/host/a.ts': "import { env } from 'node:process'" },
      'src/host/a.ts reads process.env',
    ],
    [
      'a handler with a clock',
      { 'handlers/a.ts': 'Date.now()' },
      'handlers/a.ts reads the clock, chance or a timer',
    ],
    [
      'a handler that makes its own now',
      { 'handlers/a.ts': 'new Date()' },
      'handlers/a.ts reads the clock, chance or a timer',
    ],
    [
      'a domain with a timer',
      { 'src/domain/a.ts': 'setTimeout(() => {}, 1)' },
      'src/domain/a.ts reads the clock, chance or a timer',
    ],
    [
      'a heavy package at start',
      { 'src/main.ts': "import './host/a.ts'", 'src/host/a.ts': "import { execa } from 'execa'" },
      'src/host/a.ts loads execa at start: use import()',
    ],
    [
      'a cycle of values',
      { 'src/work/a.ts': "import './b.ts'", 'src/work/b.ts': "import './a.ts'" },
      'cycle: src/work/a.ts → src/work/b.ts → src/work/a.ts',
    ],
    [
      'a cycle of types',
      {
        'src/domain/a.ts': "import type { B } from './b.ts'",
        'src/domain/b.ts': "import type { C } from './c.ts'",
        'src/domain/c.ts': "export type { B } from './b.ts'",
      },
      'cycle: src/domain/b.ts → src/domain/c.ts → src/domain/b.ts',
    ],
  ]

  test.each(bad)('violations() finds %s', (_, tree, expected) => {
    expect(found({ 'src/ports.ts': 'export type P = 1', ...tree })).toEqual([expected])
  })

  test('violations() is not deceived by comments and strings', () => {
    const text = "// import '../host/b.ts'\nexport const a = \"import '../host/b.ts'; process.env\""
    expect(found({ 'src/cli/a.ts': text })).toEqual([])
  })
})

function found(tree: Readonly<Record<string, string>>): readonly string[] {
  const modules = Object.entries(tree).map(([path, text]) => readModule(path, text))
  return violations(modules, ['execa', 'pino', 'semver', 'undici'])
}

/** Runtime ones alone: what the shipped code imports must be there for its users. */
function dependencies(): readonly string[] {
  const text = readFileSync(join(ROOT, 'package.json'), 'utf8')
  const parsed: { dependencies: Record<string, string> } = JSON.parse(text)
  return Object.keys(parsed.dependencies)
}
