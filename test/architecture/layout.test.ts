import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')

const FIXED = ['configs', 'handlers', 'package.json', 'src', 'test', 'tsconfig.json', 'tunnel']

/** What tools and hosts of repositories look for there, and nowhere else. */
const DEMANDED = new Set([
  'ARCHITECTURE.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'Containerfile',
  'LICENSE',
  'README.md',
  'SECURITY.md',
  'package-lock.json',
  'rolldown.config.ts',
  'vitest.config.ts',
])

test('the top level holds what the design fixes, and beside it only what tools demand', () => {
  const names = topLevel()
  expect(names).toEqual(expect.arrayContaining(FIXED))
  const others = names.filter((name) => !FIXED.includes(name) && !name.startsWith('.'))
  expect(others.filter((name) => !DEMANDED.has(name))).toEqual([])
})

/** What git would keep; where there is no git, what an unpacked release holds. */
function topLevel(): readonly string[] {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard']
  const { status, stdout } = spawnSync('git', args, { cwd: ROOT, encoding: 'utf8' })
  if (status !== 0) return readdirSync(ROOT).filter((name) => !/^(?:node_modules|dist)$/.test(name))
  const names = stdout.split('\0').flatMap((path) => path.split('/')[0] ?? [])
  return [...new Set(names)].filter((name) => name !== '').toSorted()
}
