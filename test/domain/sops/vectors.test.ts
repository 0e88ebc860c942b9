import { describe, expect, test } from 'vitest'
import { formatOf } from '../../../src/domain/sops/format.ts'
import { sopsFormatOf } from '../../../src/domain/sops/recognise.ts'
import { decryptSopsFile, readSopsFile } from '../../../src/domain/sops/sops-file.ts'
import type { Decrypted } from '../../../src/domain/sops/decrypt.ts'
import { openByAge } from '../../lab/sops/open-by-age.ts'
import { readCases, readVector, type VectorCase } from '../../lab/sops/vectors.ts'

const cases = readCases()
/** Those whose data key age's own library opens; the adapter's suite opens all. */
const direct = cases.filter(
  ({ identities, id }) =>
    !id.startsWith('shamir-') && identities.every((name) => name.endsWith('.txt')),
)

async function open({ file, format, identities }: VectorCase): Promise<Decrypted> {
  const read = readSopsFile({ file, format, content: readVector(file) })
  const lines = identities.flatMap((name) => readVector(name).toString().split('\n'))
  const keys = lines.filter((line) => line.startsWith('AGE-SECRET-KEY-'))
  const dataKey = await openByAge(read.metadata.keys, keys)
  if (dataKey === null) throw new Error('no identity opens it')
  return decryptSopsFile(read, dataKey)
}

function printed({ tree }: Decrypted, format: VectorCase['format']): string {
  return Buffer.from(formatOf(format).print(tree) ?? []).toString('latin1')
}

describe('decryptSopsFile()', () => {
  const opening = direct.filter(({ expected }) => expected !== undefined)

  test.each(opening)('prints $id as sops does', async (one) => {
    const { expected = '', format } = one
    expect(printed(await open(one), format)).toBe(readVector(expected).toString('latin1'))
  })

  test.each(opening.filter(({ data }) => data !== undefined))(
    'gives the data of $id',
    async (one) => {
      const { data = '', dataDocuments = [data] } = one
      const all = Buffer.concat(dataDocuments.map((name) => readVector(name)))
      expect(printed(await open(one), 'json')).toBe(all.toString('latin1'))
    },
  )

  const late = new Set(['no-identity', 'unsupported-recipient'])
  const refused = direct.filter(({ error }) => error !== undefined && !late.has(error))

  test.each(refused)('refuses $id', async (one) => {
    await expect(open(one)).rejects.toMatchObject({ code: one.error })
  })
})

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
})
