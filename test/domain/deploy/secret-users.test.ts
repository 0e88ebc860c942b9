import { describe, expect, test } from 'vitest'
import { secretUsers } from '../../../src/domain/deploy/secret-users.ts'

const services = {
  web: { environment: { PASSWORD: 'x', TZ: 'y' } },
  list: { environment: ['PASSWORD=x', 'B'] },
  idle: { environment: { OTHER: 'x' } },
  bare: {},
}

describe('secretUsers()', () => {
  test.each([
    ['nobody without encrypted files', [], []],
    ['those that have a variable of the file', ['PASSWORD=1\nMORE=2\n'], ['web', 'list']],
    ['those of any file', ['OTHER=1', 'TZ=2'], ['web', 'idle']],
    ['names in any spelling', ['# PASSWORD=\n  export TZ = a\nOTHER: b'], ['web', 'idle']],
    ['nobody for a file of no variables', ['planted', ''], []],
  ])('secretUsers() names %s', (_title, files, expected) => {
    const opened = files.map((text) => ({ reach: 'users' as const, content: Buffer.from(text) }))
    expect([...secretUsers({ services }, opened)]).toEqual(expected)
  })

  test('secretUsers() stays the same whatever the values are', () => {
    const [one, other] = ['x', 'OTHER'].map((value) =>
      secretUsers({ services }, [{ reach: 'users', content: Buffer.from(`PASSWORD=${value}\n`) }]),
    )
    expect(one).toEqual(other)
  })

  test('secretUsers() names all where Compose reads the file for everybody', () => {
    const opened = [{ reach: 'all' as const, content: Buffer.from('A=1') }]
    expect([...secretUsers({ services }, opened)]).toEqual(Object.keys(services))
  })
})
