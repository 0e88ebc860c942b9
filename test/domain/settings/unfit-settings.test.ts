import { describe, expect, it } from 'vitest'
import { scanProject } from '../../../src/domain/compose/scan.ts'
import { noFiles, trackedFiles } from '../../../src/domain/compose/project-files.ts'
import { discoverStacks } from '../../../src/domain/discover-stacks.ts'
import { parseRepositorySettings } from '../../../src/domain/repository-settings.ts'
import { unfitSettings } from '../../../src/domain/settings/unfit-settings.ts'

const compose = `services:
  web: {image: n:1, profiles: [debug]}
  db: {image: n:2}
  empty:
`

/** What is wrong with the settings of stack `shop`, which has `web` and `db`. */
function unfit(settings: string, text = compose, paths: readonly string[] = []) {
  const entries = ['shop/compose.yaml', ...paths].map((path) => {
    return { path, mode: '100644', oid: '' } as const
  })
  const read = parseRepositorySettings('.magos.yaml', settings)
  expect(read.problems).toEqual([])
  const [stack] = discoverStacks(entries, read.settings, 'lab').stacks
  if (stack === undefined) throw new Error('No stack')
  const source = { files: [{ path: 'shop/compose.yaml', text }], directory: 'shop' }
  const { services } = scanProject(source, noFiles, { defaults: {} })
  const found = unfitSettings(stack, { services, paths: entries.map(({ path }) => path) })
  return found.map(
    ({ file, line, column, severity, message }) =>
      `${file}:${line}:${column} ${severity}: ${message}`,
  )
}

describe('unfitSettings()', () => {
  it.each([
    [
      'a probe of a service that is not there',
      'stacks:\n  shop:\n    probes:\n      db: {tcp: 1}\n      wbe: {tcp: 1}\n',
      '.magos.yaml:5:7 error: Cannot apply the settings of service "wbe": stack "shop" has no such service',
    ],
    [
      'changes of a service that is not there',
      'stacks:\n  shop: {changes: {"dbb": {compose.yaml: ignore}}}\n',
      '.magos.yaml:2:20 error: Cannot apply the settings of service "dbb"',
    ],
    [
      'a profile that no service has',
      'stacks:\n  shop:\n    profiles: [debug, dbug]\n',
      '.magos.yaml:3:23 warning: Profile "dbug" activates nothing: no service of stack "shop" has it',
    ],
    [
      'changes of a path that is not there',
      'stacks:\n  shop: {changes: {db: {conf: ignore, cnf/a: HUP}}}\n',
      '.magos.yaml:2:39 warning: Changes of "cnf/a" never reach service "db"',
    ],
    [
      'an env file that leaves the repository',
      'stacks:\n  shop: {envFiles: [.env, ../../x.env]}\n',
      '.magos.yaml:2:27 error: Cannot use env file "../x.env": it lies outside the repository',
    ],
    [
      'what is said by the stack’s directory with a slash',
      'stacks:\n  ./shop/:\n    probes: {wbe: {tcp: 1}}\n',
      '.magos.yaml:3:14 error: ',
    ],
  ])('tells where %s is said', (_title, settings, told) => {
    const found = unfit(settings, compose, ['shop/conf/a'])
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(told)
  })

  it.each([
    [
      'that is there',
      'probes: {web: {tcp: 1}, empty: {tcp: 1}}, changes: {db: {conf: HUP, ".": HUP}}',
    ],
    ['of a profile', 'profiles: [debug]'],
    ['of an env file that git does not hold', 'envFiles: [host.env]'],
  ])('says nothing of what is said %s', (_title, settings) => {
    expect(unfit(`stacks: {shop: {${settings}}}\n`, compose, ['shop/conf/a'])).toEqual([])
  })

  it('says nothing of services where a file cannot be read', () => {
    const settings = 'stacks: {shop: {probes: {wbe: {tcp: 1}}, profiles: [x]}}\n'
    expect(unfit(settings, 'services: {\n')).toEqual([])
  })

  it('knows services that are included, and profiles that are extended', () => {
    const texts = new Map([
      [
        'a/compose.yaml',
        'include: [b.yaml]\nservices: {x: {extends: {file: c.yaml, service: y}}}\n',
      ],
      ['a/b.yaml', 'services: {z: {image: n:1}}\n'],
      ['a/c.yaml', 'services: {y: {image: n:1, profiles: [p]}}\n'],
    ])
    const entries = new Map(
      [...texts.keys()].map((path) => [path, { path, mode: '100644', oid: '' } as const]),
    )
    const files = trackedFiles({ entries, read: (path) => texts.get(path) ?? null })
    const [[path, text] = ['', '']] = texts
    const source = { files: [{ path, text }], directory: 'a' }
    expect(scanProject(source, files, { defaults: {} }).services).toEqual({
      names: new Set(['x', 'z']),
      profiles: new Set(['p']),
    })
    const missing = scanProject(source, trackedFiles({ entries: new Map(), read: () => null }), {
      defaults: {},
    })
    expect(missing.services).toBeNull()
  })
})
