import { spawnSync } from 'node:child_process'
import { copyFileSync, chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { KeySource } from '../../src/adapters/secrets/key-sources.ts'
import { createSecrets } from '../../src/adapters/secrets/secrets.ts'
import type { Operations } from '../../src/cli/operations.ts'
import { runProgram } from '../../src/cli/program.ts'
import { refuse, refusingOperations } from './refusing-operations.ts'
import { readCases, readVector, vectorPath, type VectorCase } from '../lab/sops/vectors.ts'

/** Key files of their owner alone, whatever a checkout made of the vectors'. */
let keys: string
beforeAll(() => {
  keys = mkdtempSync(join(tmpdir(), 'magos-keys-'))
})
afterAll(() => rmSync(keys, { recursive: true }))

function keyFile(name: string): string {
  const path = join(keys, basename(name))
  copyFileSync(vectorPath(name), path)
  chmodSync(path, 0o600)
  return path
}

interface Ended {
  readonly code: number
  readonly stdout: Buffer
  readonly stderr: string
}

/** One command line with the real keys and the real decryption; only the process around it is missing. */
async function run(args: readonly string[], identities: readonly string[]): Promise<Ended> {
  const stdout: Buffer[] = []
  let stderr = ''
  const sources = identities.map((name): KeySource => ({
    kind: 'file',
    variable: null,
    path: keyFile(name),
    others: 'nobody',
  }))
  const secrets = createSecrets({
    sources,
    run: () => Promise.reject(new Error('no program is to be run')),
    commandEnvironment: {},
    digest: () => '',
    program: null,
    onValues: () => undefined,
  })
  const decryptSecret: Operations['decryptSecret'] = async (file) => {
    const { content } = await secrets.decrypt(file, new AbortController().signal)
    return content
  }
  const code = await runProgram(
    {
      version: '1',
      operations: { ...refusingOperations, decryptSecret },
      bytes: {
        read: (path) => Promise.resolve(readFileSync(path)),
        write: (bytes) => void stdout.push(Buffer.from(bytes)),
      },
      io: (format) => ({
        format,
        columns: 0,
        write: (text) => void stdout.push(Buffer.from(text)),
        note: (text) => {
          stderr += text
        },
        readFile: refuse,
        replaceFile: refuse,
        readBeside: refuse,
        surroundings: () => Promise.resolve(null),
        namesIn: () => Promise.resolve([]),
        listFiles: refuse,
      }),
    },
    ['secrets', 'decrypt', ...args],
  )
  return { code, stdout: Buffer.concat(stdout), stderr }
}

function types(input: string, output: string): readonly string[] {
  return ['--input-type', input, '--output-type', output]
}

const cases = readCases()
const opening = cases.filter(({ expected }) => expected !== undefined)
const refused = cases.filter(({ error }) => error !== undefined)

describe('magos secrets decrypt', () => {
  test('has all vectors', () => {
    expect(opening.length).toBeGreaterThan(100)
    expect(refused.length).toBeGreaterThan(80)
  })

  test.each(opening)('prints $id as sops does', async (one) => {
    const { file, format, identities, expected = '' } = one
    const { code, stdout, stderr } = await run(
      [vectorPath(file), ...types(format, format)],
      identities,
    )
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout.equals(readVector(expected))).toBe(true)
  })

  test.each(opening.filter(({ data }) => data !== undefined))(
    'prints $id as JSON, of several documents all',
    async (one) => {
      const { file, format, identities, data = '', dataDocuments = [data] } = one
      const { code, stdout } = await run([vectorPath(file), ...types(format, 'json')], identities)
      expect(code).toBe(0)
      const all = Buffer.concat(dataDocuments.map((name) => readVector(name)))
      expect(stdout.toString()).toBe(all.toString())
    },
  )

  test.each(refused)('refuses $id as $error', async (one) => {
    const { file, format, identities, error } = one
    const args = [vectorPath(file), ...types(format, format)]
    const { code, stdout, stderr } = await run(args, identities)
    expect({ code, printed: stdout.length }).toEqual({ code: 1, printed: 0 })
    expect(stderr).toMatch(/^magos: /)
    const told: unknown = JSON.parse((await run([...args, '--json'], identities)).stdout.toString())
    expect(told).toEqual({
      error: expect.objectContaining({
        code: error,
        file: vectorPath(file),
        message: expect.any(String),
        remedy: expect.any(String),
      }),
    })
  })
})

function named(id: string): VectorCase {
  const found = cases.find((one) => one.id === id)
  if (found === undefined) throw new Error(`no case ${id}`)
  return found
}

describe('magos secrets decrypt, types', () => {
  test.each(['base-yaml', 'base-json', 'base-dotenv', 'base-ini', 'base-binary'])(
    'are those of the name: %s',
    async (id) => {
      const { file, identities, expected = '' } = named(id)
      const { stdout } = await run([vectorPath(file)], identities)
      expect(stdout.toString()).toBe(readVector(expected).toString())
    },
  )

  test('are those of the content where the name says nothing', async () => {
    const { file, identities, expected = '' } = named('yaml-named-conf')
    const { stdout } = await run([vectorPath(file)], identities)
    expect(stdout.toString()).toBe(readVector(expected).toString())
  })

  test('convert: JSON to dotenv, INI and YAML', async () => {
    const { file, identities } = named('base-dotenv')
    const yaml = await run([vectorPath(file), '--output-type', 'yaml'], identities)
    expect(yaml.stdout.toString()).toMatch(/^\w+: \S/m)
    const json = await run([vectorPath(file), '--output-type', 'json'], identities)
    expect(Object.keys(JSON.parse(json.stdout.toString())).length).toBeGreaterThan(2)
  })

  test('that cannot hold the values are refused, and nothing is printed', async () => {
    const { file, identities } = named('base-yaml')
    for (const type of ['dotenv', 'ini', 'binary']) {
      const { code, stdout, stderr } = await run(
        [vectorPath(file), '--output-type', type],
        identities,
      )
      expect({ code, printed: stdout.length }).toEqual({ code: 2, printed: 0 })
      expect(stderr).toContain(`as ${type}: it cannot hold its values`)
    }
  })

  test('that do not exist are refused before anything is read', async () => {
    const { code, stderr } = await run(['nowhere', '--input-type', 'toml'], [])
    expect(code).toBe(2)
    expect(stderr).toContain('yaml, json, dotenv, ini, binary')
  })
})

describe('magos secrets decrypt, the process', () => {
  const main = join(import.meta.dirname, '../../src/main.ts')
  const start = (args: readonly string[], input?: Buffer) =>
    spawnSync(process.execPath, [main, 'secrets', 'decrypt', ...args], {
      env: { HOME: keys, PATH: '/usr/bin:/bin', SOPS_AGE_KEY_FILE: keyFile('keys/main.txt') },
      cwd: keys,
      ...(input === undefined ? {} : { input }),
    })

  test('prints bytes, from a file and from stdin', () => {
    const file = vectorPath('encrypted/binary-random.bin')
    const expected = readVector('expected/binary-random.bin')
    expect(start([file]).stdout.equals(expected)).toBe(true)
    expect(start(['-'], readFileSync(file)).stdout.equals(expected)).toBe(true)
  }, 60_000)

  test('tells a refusal on stderr alone, and by --json on stdout', () => {
    const file = vectorPath('tampered/dotenv-tag-flipped.env')
    const told = start([file])
    expect(told.status).toBe(1)
    expect(told.stdout.toString()).toBe('')
    expect(told.stderr.toString()).toContain('it does not authenticate under its path')
    const json = start([file, '--json'])
    expect(JSON.parse(json.stdout.toString())).toMatchObject({ error: { code: 'corrupt-value' } })
  }, 60_000)
})
