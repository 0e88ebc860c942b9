import { describe, expect, it } from 'vitest'
import { variableFiles } from '../../handlers/steps/variable-files.ts'
import { usualOptions } from '../../src/domain/settings/stack-settings.ts'
import { createMemorySecretFiles } from '../fakes/memory-secret-files.ts'
import { createMemorySecrets } from '../fakes/memory-secrets.ts'

const ctx = { secrets: createMemorySecrets(), secretFiles: createMemorySecretFiles() }

describe('variableFiles()', () => {
  it.each([
    ['a plain value', 'KEY=planted\n', 'planted'],
    ['a quoted one', "KEY='plan$ted'  # a remark\n", 'plan$ted'],
    ['the last one', 'KEY=first\nKEY=planted\n', 'planted'],
  ])('makes a file of %s', (_title, text, value) => {
    const { document, opened, contents } = filesOf(text)
    const [file] = opened
    expect(document['secrets']).toEqual({
      s: { name: 'shop_s', file: '/home/shop/.magos/variables/KEY' },
      plain: { file: '/home/shop/x' },
    })
    expect(opened).toEqual([
      { path: '/home/shop/.magos/variables/KEY', placed: file?.placed, digest: file?.digest },
    ])
    expect(file?.placed).toMatch(/\/shop\/[0-9a-f]{64}\/KEY$/)
    expect(Buffer.from(contents.get(file?.placed ?? '') ?? []).toString()).toBe(value)
  })

  it.each([
    ['is not there', 'OTHER=1\n'],
    ['is made of others', 'KEY=${OTHER}\n'],
    ['is written with escapes', 'KEY="a\\nb"\n'],
  ])('leaves a variable to the provider that %s', (_title, text) => {
    const { document, opened } = filesOf(text)
    expect(opened).toEqual([])
    expect(document['secrets']).toMatchObject({ s: { environment: 'KEY' } })
  })

  it('takes the files that the stack’s settings name, and the last of them that sets it', () => {
    const envFiles = ['a.env', 'b.env', 'c.env']
    const inputs = [
      ['shop/.env', 'KEY=wrong'],
      ['shop/a.env', 'KEY=first'],
      ['shop/b.env', 'KEY=planted'],
      ['shop/c.env', 'OTHER=1'],
    ] as const
    const { contents } = read(inputs, { ...usualOptions, envFiles })
    expect([...contents.values()].map((one) => Buffer.from(one).toString())).toEqual(['planted'])
  })
})

function filesOf(text: string) {
  return read([['shop/.env', text]], usualOptions)
}

function read(files: readonly (readonly [string, string])[], options: typeof usualOptions) {
  const stack = { name: 'shop', directory: 'shop', files: [], hosts: null, options }
  const secrets = { s: { name: 'shop_s', environment: 'KEY' }, plain: { file: '/home/shop/x' } }
  const inputs = files.map(([path, text]) => ({
    path,
    mode: '100644' as const,
    content: Buffer.from(text),
  }))
  return variableFiles(ctx, { stack, home: '/home/shop' }, { services: {}, secrets }, { inputs })
}
