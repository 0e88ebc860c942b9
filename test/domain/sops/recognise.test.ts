import { describe, expect, test } from 'vitest'
import { sopsFormatOf } from '../../../src/domain/sops/recognise.ts'
import { readCases, readVector } from '../../lab/sops/vectors.ts'

const cases = readCases()
describe('sopsFormatOf()', () => {
  test.each(cases.filter(({ expected }) => expected !== undefined))(
    'recognises $id by its content',
    ({ file, format }) => {
      expect(sopsFormatOf(format === 'json' ? 'a.json' : 'a', readVector(file))).toBe(format)
    },
  )

  test.each(cases.filter(({ expected }) => expected !== undefined))(
    'takes what $id decrypts to for a plain file',
    ({ expected = '', id }) => {
      // a text that looks like a ciphertext, and a comment that does not open, stay what they are
      const looksEncrypted = ['yaml-looks-encrypted', 'edited-comment-damaged'].includes(id)
      expect(sopsFormatOf(expected, readVector(expected)) !== null).toBe(looksEncrypted)
    },
  )

  test.each(cases.filter(({ error }) => error !== undefined))(
    'takes $id, which does not open, for no plain file',
    ({ file }) => {
      expect(sopsFormatOf(file, readVector(file))).not.toBeNull()
    },
  )

  test.each([
    ['a text that only talks of it', 'a.md', 'Edit it with sops; its mac and age recipients …\n'],
    [
      'rules for sops itself',
      '.sops.yaml',
      'creation_rules:\n  - path_regex: .*\\.sops\\.yaml\n    age: age1x\n',
    ],
    ['a key of that name', 'compose.yaml', 'sops: text\nmac: x\n'],
    ['an option of that name', 'a.env', 'sops_image=x\n'],
    ['what does not parse', 'a.json', '{"sops": {"mac": '],
    ['nothing', 'a', ''],
  ])('takes %s for a plain file', (_, path, content) => {
    expect(sopsFormatOf(path, Buffer.from(content))).toBeNull()
  })

  test.each([
    ['a.yaml', 'a: ENC[AES256_GCM,data:x]\n', 'yaml'],
    ['a.env', 'A=ENC[AES256_GCM,data:x]\n', 'dotenv'],
    ['a', 'A=ENC[AES256_GCM,data:x]\n', 'binary'],
    ['a.env', '{"a": "ENC[AES256_GCM,data:x]"}', 'json'],
  ])('takes %s with %j, which lost its metadata, for no plain file', (path, content, format) => {
    expect(sopsFormatOf(path, Buffer.from(content))).toBe(format)
  })

  test('takes a file of which nothing is encrypted for one of SOPS all the same', () => {
    const sops = { lastmodified: '2026-01-01T00:00:00Z', mac: '', age: [] }
    expect(sopsFormatOf('a', Buffer.from(JSON.stringify({ a: null, sops })))).toBe('json')
  })
})
