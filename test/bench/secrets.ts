import { randomBytes } from 'node:crypto'
import { formatOf } from '../../src/domain/sops/format.ts'
import type { SopsFormat } from '../../src/domain/sops/format-name.ts'
import { decryptSopsFile, readSopsFile } from '../../src/domain/sops/sops-file.ts'
import { fields, text } from '../lab/sops/encrypt.ts'
import { dataKey as madeKey, encryptedFile } from '../lab/sops/open.ts'
import { openByAge } from '../lab/sops/open-by-age.ts'
import { readVector } from '../lab/sops/vectors.ts'
import { median } from './statistics.ts'
import { textTable, type Table } from './table.ts'

const VALUES = 2000
const ROUNDS = 20

/** Files of 2,000 encrypted values, from their bytes to the plaintext's. */
export async function benchSecrets(): Promise<Table[]> {
  const rows: string[][] = []
  for (const one of await cases()) {
    const times = Array.from({ length: ROUNDS }, () => open(one))
    rows.push([one.name, `${(times[0] ?? 0).toFixed(0)} ms`, `${median(times).toFixed(0)} ms`])
  }
  return [
    {
      title: `Opening one file of ${VALUES} encrypted values`,
      columns: ['file', 'first', `median of ${ROUNDS}`],
      rows,
      notes: [
        'Read, decrypted, proven by its MAC and printed; unwrapping the data key is not in it.',
        'The aim is less than 150 ms.',
      ],
    },
  ]
}

interface Case {
  readonly name: string
  readonly format: SopsFormat
  readonly content: Uint8Array
  readonly dataKey: Uint8Array
}

async function cases(): Promise<readonly Case[]> {
  const made = (['yaml', 'json', 'dotenv', 'ini'] as const).map((format): Case => {
    const values = fields(
      ...Array.from({ length: VALUES }, (_, n) => [`KEY_${n}`, secret()] as const),
    )
    const document = format === 'ini' ? fields(['section', values]) : values
    const content = Buffer.from(encryptedFile(format, document))
    return { name: format, format, content, dataKey: madeKey }
  })
  return [await vectorCase(), ...made]
}

function secret(): ReturnType<typeof text> {
  return text(randomBytes(18).toString('base64'))
}

/** The one that sops itself wrote. */
async function vectorCase(): Promise<Case> {
  const content = readVector('encrypted/yaml-large.yaml')
  const { metadata } = readSopsFile({ file: 'yaml-large.yaml', format: 'yaml', content })
  const lines = readVector('keys/main.txt').toString().split('\n')
  const identity = lines.find((line) => line.startsWith('AGE-SECRET-KEY-')) ?? ''
  const dataKey = await openByAge(metadata.keys, [identity])
  if (dataKey === null) throw new Error('the key of the vectors does not open yaml-large.yaml')
  return { name: 'yaml, written by sops', format: 'yaml', content, dataKey }
}

function open({ name, format, content, dataKey }: Case): number {
  const started = performance.now()
  const read = readSopsFile({ file: name, format, content })
  const { tree } = decryptSopsFile(read, dataKey)
  const printed = formatOf(format).print(tree)
  const took = performance.now() - started
  if (printed === null || Buffer.from(printed).includes('ENC[')) {
    throw new Error(`${name}: it did not open whole`)
  }
  return took
}

if (import.meta.main) for (const table of await benchSecrets()) console.log(textTable(table))
