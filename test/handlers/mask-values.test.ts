import { describe, expect, it } from 'vitest'
import { maskValues, valuesOf } from '../../handlers/steps/mask-values.ts'
import { usualOptions } from '../../src/domain/settings/stack-settings.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

describe('valuesOf()', () => {
  it.each([
    ['a mapping', { A: 'planted', B: null, C: 'short' }],
    ['a list', ['A=planted', 'C=short']],
  ])('reads environment as %s', (_title, environment) => {
    const { values } = known({ environment })
    expect(maskValues('planted short', values)).toBe('*** short')
  })

  it('takes a value of several lines line by line, and a doubled $ for one', () => {
    const { values } = known({ environment: { KEY: 'first-line\n  second$$line\n' } })
    expect(maskValues('first-line\nsecond$line\nsecond$$line', values)).toBe('***\n***\n***')
  })

  it('knows a value in the forms in which it travels', () => {
    const value = 'a "quoted" päss/word+1'
    const { values } = known({ environment: { A: value } })
    const forms = [
      value,
      encodeURIComponent(value),
      JSON.stringify(value).slice(1, -1),
      Buffer.from(value).toString('base64'),
      Buffer.from(value).toString('base64url'),
    ]
    for (const form of forms) expect(maskValues(`<${form}>`, values)).toBe('<***>')
    const within = Buffer.from(`${value}:more`).toString('base64')
    expect(maskValues(within, values)).toMatch(/^\*\*\*/)
  })

  it.each(['/srv/shop/a.env', ['/srv/shop/a.env'], [{ path: '/srv/shop/a.env' }]])(
    'reads env_files that stay files: %j',
    (envFile) => {
      const { values, unknown } = known({ env_file: envFile })
      const words = "planted-1 planted-2 it's # planted-3 planted-4="
      expect(unknown).toBeNull()
      expect(maskValues(words, values)).toBe('*** *** *** ***')
    },
  )

  it('names an env_file that nobody has read', () => {
    expect(known({ env_file: ['/srv/shop/a.env', '/etc/own.env'] }).unknown).toBe('/etc/own.env')
    const optional = (path: string) => known({ env_file: [{ path, required: false }] }).unknown
    expect(optional('/etc/own.env')).toBe('/etc/own.env')
    expect(optional('/srv/shop/absent.env')).toBeNull()
  })
})

describe('maskValues()', () => {
  it('masks the longer of two values first', () => {
    expect(maskValues('planted-long planted', new Set(['planted', 'planted-long']))).toBe('*** ***')
  })
})

function known(service: Readonly<Record<string, unknown>>) {
  const lines = [
    'A=planted-1',
    `export B='planted-2' # a remark`,
    `C="it's # planted-3"`,
    'D="first',
    'planted-4="',
  ]
  return valuesOf({
    source: {
      home: '/srv/shop',
      stack: {
        name: 'shop',
        directory: 'shop',
        files: ['shop/compose.yaml'],
        hosts: null,
        options: usualOptions,
      },
      untracked: [],
    },
    desired: { document: { services: { web: service } } },
    files: [{ path: 'a.env', content: bytes(lines.join('\n')) }],
    secrets: { values: [], files: [] },
  })
}
